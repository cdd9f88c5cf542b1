.PHONY: setup demo test lint docs guard bench tsan lab

setup: ; @.ci/setup demo test bench
demo: ; @.ci/demo
test: ; @.ci/test
lint: ; @.ci/lint
docs: ; @.ci/docs
guard: ; @.ci/guard
bench: ; @Benchmarks/compare
tsan: ; @.ci/tsan
lab: ; @Tests/Lab/run
