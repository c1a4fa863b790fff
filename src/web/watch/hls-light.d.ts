// hls.js ships no types for its light build; it is the same without captions, encryption and interstitials.
declare module 'hls.js/light' {
  export * from 'hls.js';
  export { default } from 'hls.js';
}
