# One image for the API, the workers and the migration; the command chooses. Sources run as they are, Node strips the types.
ARG NODE_VERSION=24

FROM node:${NODE_VERSION}-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No install script is needed: the native parts come as prebuilt packages, and the package `node` (which puts Node 24
# into npm scripts on a machine that has an older one) would download a second Node.
RUN npm ci --ignore-scripts
COPY activities ./activities
COPY api ./api
COPY client ./client
COPY config ./config
COPY contracts ./contracts
COPY deploy ./deploy
COPY services ./services
COPY web ./web
COPY workers ./workers
COPY workflows ./workflows
RUN node deploy/production-packages.mjs
# The Temporal SDK brings its native part for five platforms, 25 to 35 MB each.
RUN find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 ! -name "$(uname -m)-*-linux-gnu" -exec rm -r {} +
# Bundled here, so that a worker starts at once on a read-only file system, and code that cannot run in the workflow
# sandbox fails the build instead of the deployment.
RUN node --input-type=module -e "await (await import('/app/workers/bundle.ts')).workflowBundle('/app/.holdfast/cache')"

FROM node:${NODE_VERSION}-slim
# The version of the workers: with one, flows stay on the version that they began with (deploy/README.md, "Upgrades").
ARG HOLDFAST_BUILD_ID=
ENV NODE_ENV=production \
    HOLDFAST_HOME=/app/.holdfast \
    MALLOC_ARENA_MAX=2 \
    MALLOC_MMAP_THRESHOLD_=1048576 \
    HOLDFAST_BUILD_ID=${HOLDFAST_BUILD_ID}
WORKDIR /app
# Files are on a volume that takes its owner from this folder.
RUN mkdir /files && chown node:node /files
# Owned by root and run by another user: the process cannot change its own code.
COPY --from=build /app ./
USER node
EXPOSE 4780
# Exec form, so that SIGTERM reaches Node itself; run with an init (`docker run --init`, compose does).
CMD ["node", "api/main.ts"]
