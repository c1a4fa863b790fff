# livereel on Debian 13 and Node's long-term release, as an ordinary user. See docker-compose.yml.
FROM node:24-trixie-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends cmake g++ make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --include=dev --include=optional --no-audit --no-fund
# The recogniser of captions: some minutes, so before what changes more often.
COPY scripts scripts
RUN node scripts/recogniser/build.mjs --portable && mv dist/whisper-server /whisper-server
COPY . .
# Programs are the next stage's; here the server and the page are built, and what builds them is let go.
RUN npx tsc -p tsconfig.build.json --noCheck && npx vite build --logLevel warn \
 && mv /whisper-server dist/ && npm prune --omit=dev --no-audit --no-fund

FROM node:24-trixie-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ffmpeg nginx util-linux tini libgomp1 \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -o node -g node /content
WORKDIR /app
COPY --from=build /app/package.json /app/nginx.conf ./
COPY --from=build /app/nginx nginx
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
# The embedded Postgres needs links between its libraries. They are made here, while the folder may be written.
RUN node --input-type=module -e "import { findPostgres } from '/app/dist/process/postgres-binaries.js'; await findPostgres();"

USER node
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8000 CONTENT_DIR=/content
VOLUME /content
EXPOSE 8000 8189/udp
# Ingest works, not just the port: what compose and others wait for.
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/ready`).then(a => process.exit(a.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
# tini collects what a killed program leaves behind, which process 1 has to.
ENTRYPOINT ["tini", "--"]
CMD ["node", "--max-semi-space-size=2", "dist/main.js", "serve"]
