# syntax=docker/dockerfile:1
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
ARG TARGETOS TARGETARCH VERSION=dev
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w -X github.com/gavel-rules/gavel/cmd/gavel/version.number=$VERSION" -o /out/gavel ./cmd/gavel
RUN mkdir -p /out/data /out/rules /out/root && mkdir -m 1777 /out/root/tmp

FROM scratch
LABEL org.opencontainers.image.title="Gavel" \
      org.opencontainers.image.description="Turns the meeting events of Cirrus Insight into actions" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/gavel /gavel
# An empty volume inherits the owner of the folder it covers.
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build /out/rules /rules
COPY --from=build /out/root/ /
USER 65532:65532
VOLUME /data
WORKDIR /data
# Mount the rules at /rules. The console listens on loopback only; on any other
# address it requires a token. The database is gavel.db in /data; GAVEL_DATABASE is
# not set here, so that GAVEL_DATABASE_FILE can name another.
ENV GAVEL_RULES=/rules
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s CMD ["/gavel", "health"]
ENTRYPOINT ["/gavel"]
CMD ["serve"]
