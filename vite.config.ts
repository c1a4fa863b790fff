import { defineConfig } from 'vite';

/** Builds the page (src/web) into dist/web, where nginx serves it: hashed assets for ever, index.html fresh. */
export default defineConfig({
  root: 'src/web',
  publicDir: '../../public',
  build: {
    outDir: '../../dist/web',
    emptyOutDir: true,
    target: ['chrome111', 'firefox121', 'safari16.4'],
    // A font inlined into CSS delays the first paint; as a file it is cached for ever.
    assetsInlineLimit: 0,
    sourcemap: false,
    modulePreload: { polyfill: false },
  },
});
