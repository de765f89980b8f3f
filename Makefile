# make demo    from a trained network to a personal one, on the digits sample
# make test    all tests
# make build   the programs, in .build/release
# make bench   pex against other libraries, into Benchmarks/RESULTS.md (20 minutes; the machine should do nothing else)
# make personal DATA=folder   what personal heads give, on pictures of CIFAR-100, into Benchmarks/personal/RESULTS.md
#                             (an hour and a half; OPTIONS='--people 3 --samples 20 --output quick' takes minutes)
# make conformance   the official ONNX operator cases through the programs (OPTIONS='--only resize --details' shows some)
# make ops     SUPPORTED-ONNX-OPS.md and SUPPORTED-KERAS-LAYERS.md, from the importers' own tables
# make test-arm   the kernels' tests on aarch64, in an emulator
# make lint    the formatter's opinion

SHELL := /bin/bash
SWIFT ?= swift
# Tests have a scratch path of their own: their build settings differ, and sharing one would build everything twice.
TEST_OPTIONS := -c release --disable-testable-imports --scratch-path .build-tests

PERSONAL_PYTHON = $${PEX_BENCH_VENV:-.bench-venv}/bin/python

.PHONY: demo test bench personal conformance ops build lint packages test-arm

demo: build
	@Tools/demo .build/release

test: packages
	PEX_PROGRAMS=$$($(SWIFT) build -c release --scratch-path .build-tests --show-bin-path) $(SWIFT) test $(TEST_OPTIONS)

bench: build
	@Benchmarks/setup
	@$${PEX_BENCH_VENV:-.bench-venv}/bin/python Benchmarks/bench.py --programs .build/release

personal: build
	@test -n "$(DATA)" || { echo "give the pictures' folder: make personal DATA=folder" >&2; exit 64; }
	@Benchmarks/setup personal
	@$(PERSONAL_PYTHON) -m unittest discover --quiet Benchmarks/personal
	@$(PERSONAL_PYTHON) Benchmarks/personal/personal.py --data $(DATA) --programs .build/release $(OPTIONS)

conformance: build
	@Conformance/run .build/release $(OPTIONS)

ops: build
	.build/release/pexinfo --ops --markdown > .build/operators && mv .build/operators SUPPORTED-ONNX-OPS.md
	.build/release/pexkeras --layers > .build/operators && mv .build/operators SUPPORTED-KERAS-LAYERS.md

build: packages
	$(SWIFT) build -c release

test-arm:
	@Tools/test-arm

lint:
	$(SWIFT) format lint --strict -r Sources Tests Package.swift

packages:
	@Tools/install-packages
