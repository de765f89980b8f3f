#!/usr/bin/env bash
# Writes the networks that the golden tables of exit points are about, as text without their weights, and the tables.
# usage: write_networks.sh FOLDER_OF_PROGRAMS MODEL.onnx …       into Tests/PexExitsTests/Golden
# A table is a promise: look at every changed line before committing it.
set -euo pipefail
programs=$1
golden=$(dirname "$0")/../PexExitsTests/Golden
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for model in "${@:2}"; do
  name=$(basename "$model" | sed 's/\..*//')
  "$programs/pexconvert" "$model" --exits none -o "$work/$name.pex" --quiet >/dev/null
  # Weights of zeros cost nothing to parse, and exit points do not depend on them.
  "$programs/pexinfo" "$work/$name.pex" --nodes | grep -E '^(input %|constant %|%|output %|classifier %)' |
    sed 's/ = elided$/ = filled 0/; s/ = values .*/ = filled 0/' >"$golden/$name.txt"
  "$programs/pexconvert" "$model" --list-exits >"$golden/$name.table"
done
