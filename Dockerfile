# Waypost's image: the program, what it links against, and nothing to log into.
#
#   docker build -t waypost:0.1.0 .
#   docker run -p 8080:8080 -v waypost:/data waypost:0.1.0
#
# Three stages: the dashboard, the program that embeds it, and the image. What changes rarely comes first, so that a change of
# Waypost's own code compiles none of its dependencies again.

# The compiler that Cargo.toml asks for; a test holds them together.
ARG RUST_VERSION=1.95

FROM node:24-bookworm-slim AS web
WORKDIR /build/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY openapi /build/openapi
COPY web ./
RUN npm run build


FROM rust:${RUST_VERSION}-slim-bookworm AS build
WORKDIR /build
# Names of functions stay, for backtraces; line tables of the standard library go.
ENV CARGO_PROFILE_RELEASE_STRIP=debuginfo
COPY Cargo.toml Cargo.lock build.rs ./
COPY .cargo .cargo
# The dependencies alone: every target that Cargo.toml names is there, and empty.
RUN mkdir -p src benches/outbox benches/pipeline benches/routing benches/stages \
    && touch src/lib.rs \
    && for file in src benches/outbox benches/pipeline benches/routing benches/stages; do echo 'fn main() {}' >"$file/main.rs"; done \
    && cargo build --release --locked
COPY migrations migrations
COPY openapi openapi
COPY src src
COPY --from=web /build/web/dist web/dist
# cargo goes by times: the real files are older than what was built from the empty ones.
RUN touch src/lib.rs src/main.rs \
    && cargo build --release --locked \
    && mkdir -p /image/data \
    && cp target/release/waypost /image/


# glibc, libgcc and certificates; no shell, no package manager.
FROM gcr.io/distroless/cc-debian12:nonroot
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Waypost" \
      org.opencontainers.image.description="A webhook and CloudEvents router: durable in SQLite or Postgres, signed, retried, dead-lettered" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY LICENSE /usr/share/doc/waypost/LICENSE
COPY --from=build /image/waypost /usr/local/bin/waypost
# A new volume takes its owner from here.
COPY --from=build --chown=65532:65532 /image/data /data

ENV WAYPOST_SERVER__LISTEN=0.0.0.0:8080 \
    WAYPOST_DATABASE__URL=sqlite:///data/waypost.db
# By number: Kubernetes can't tell from a name that it is not root.
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/waypost", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/waypost"]
CMD ["serve"]
