.PHONY: setup demo test lint docs bench tsan lab

setup: ; @.ci/setup demo test bench
demo: ; @.ci/demo
test: ; @.ci/test
lint: ; @.ci/lint
docs: ; @.ci/docs
bench: ; @Benchmarks/compare
tsan: ; @.ci/tsan
lab: ; @Tests/Lab/run
