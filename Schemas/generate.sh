#!/bin/sh
# Makes Sources/PexBundle/pex.pb.swift anew. Needs protoc (Debian: protobuf-compiler) and, on the PATH, protoc-gen-swift
# (in a checkout of github.com/apple/swift-protobuf 1.39.0: swift build -c release --product protoc-gen-swift).
set -eu
cd "$(dirname "$0")"
output=../Sources/PexBundle
protoc --swift_out="$output" pex.proto
{
  echo "// Generated from Schemas/pex.proto by Schemas/generate.sh, which says what it needs. Do not edit."
  cat "$output/pex.pb.swift"
} > "$output/pex.pb.swift.new"
mv "$output/pex.pb.swift.new" "$output/pex.pb.swift"
