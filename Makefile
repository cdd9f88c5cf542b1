.PHONY: setup demo test lint bench tsan

setup: ; @.ci/setup demo test bench
demo: ; @.ci/demo
test: ; @.ci/test
lint: ; @.ci/lint
bench: ; @Benchmarks/compare
tsan: ; @.ci/tsan
