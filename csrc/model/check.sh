#!/bin/sh
# Checks the model of the work queue, and that each mutant of it is refuted: make -C .. model
# Needs spin (Debian: spin) and a C compiler. Takes some minutes; fails if a mutant survives.
set -eu
model=$(cd "$(dirname "$0")" && pwd)/workq.pml
build=${1:-build/model}
cc=${CC:-cc}

# The sizes: with a shared item, with a start that fails, with a place that is lent, and the largest.
TWO='-DWORKERS=2 -DPRODUCERS=2'
FAILS="$TWO -DFAILS=1"
LEND='-DWORKERS=3 -DPRODUCERS=2 -DLEND'
THREE='-DWORKERS=3 -DPRODUCERS=3 -DSHARED=0'

# run FLAGS: prints what spin's verifier says of the model.
run() {
  rm -rf "$build"
  mkdir -p "$build"
  (
    cd "$build"
    # shellcheck disable=SC2086
    spin $1 -a "$model" >spin.txt || { cat spin.txt; exit 1; }
    $cc -O2 -w -DSAFETY -DCOLLAPSE -DMEMLIM=4000 -DVECTORSZ=2048 -o pan pan.c
    ./pan -m500000
  )
}

for flags in "$TWO" "$FAILS" "$LEND" "$THREE"; do
  begun=$(date +%s)
  said=$(run "$flags")
  echo "$said" | grep -q 'errors: 0' || { echo "$said"; echo "the model fails with $flags"; exit 1; }
  case $said in *'max search depth too small'* | *'Search not completed'*) echo "not searched to the end: $flags"; exit 1 ;; esac
  states=$(echo "$said" | sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' | head -n 1)
  echo "no error in $states states, $(($(date +%s) - begun)) s: $flags"
done

# mutant RULE FLAGS
mutant() {
  said=$(run "$2 -DMUTANT_$1" || true)
  found=$(echo "$said" | sed -n 's/^pan:1: //p' | cut -c1-60)
  [ -n "$found" ] || { echo "the mutant of rule $1 survives"; exit 1; }
  echo "mutant $1 refuted: $found"
}
for rule in P1 Q2 Q3 Q4 Q5 Q6 Q9 Q10 Q11 Q12; do
  mutant $rule "$TWO"
done
mutant Q8 "$FAILS"
mutant Q13 "$TWO"
mutant Q14 "$LEND"
mutant Q15 "$LEND"
