#!/bin/sh
# mutant.sh RULE DIRECTORY COMPILER PROGRAM...: builds the programs with that rule broken, and runs them until one fails
# or hangs, as it has to: make -C .. mutants
set -eu
rule=$1 directory=$2 compiler=$3
shift 3
mkdir -p "$directory"
for program in "$@"; do
  # shellcheck disable=SC2046,SC2086
  $compiler -o "$directory/$program" "tests/$program.c" $(ls src/*.c | grep -v src/os_wait_)
  if ! "$directory/$program" >"$directory/said" 2>&1; then
    # The name of the test, and the check that failed; none is a hang.
    test=$(sed -n 's/^  \([a-z_]*\): .*/\1/p' "$directory/said" | tail -n 1)
    line=$(sed -n 's/^tests\/\([^:]*:[0-9]*\): \(.*\)/\1: \2/p' "$directory/said" | head -n 1)
    echo "mutant $rule noticed by $program, $test: ${line:-it hangs}"
    exit 0
  fi
done
echo "the mutant of rule $rule survives"
exit 1
