// The numbers of a level, and some of a machine of one's own in their place.
// RUN: ingot-opt %s -ingot-describe-machine | FileCheck %s
// RUN: ingot-opt %s -ingot-describe-machine='level=x86-64-v3 facts=l2-bytes:524288,barrier-cycles:2500.5' | FileCheck %s --check-prefix=OWN
// RUN: not ingot-opt %s -ingot-describe-machine='level=z80' 2>&1 | FileCheck %s --check-prefix=LEVEL
// RUN: not ingot-opt %s -ingot-describe-machine='facts=l4-bytes:1' 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not ingot-opt %s -ingot-describe-machine='facts=l1-bytes:0' 2>&1 | FileCheck %s --check-prefix=NUMBER

// CHECK: ingot.machine = {{.*}}"l2-bytes" = 1048576 : i64
// CHECK-SAME: "vector-bits" = 512 : i64, "vector-registers" = 32 : i64
// OWN: ingot.machine = {"barrier-cycles" = 2.500500e+03 : f64
// OWN-SAME: "l2-bytes" = 524288 : i64
// OWN-SAME: "vector-bits" = 256 : i64, "vector-registers" = 16 : i64
// LEVEL: error: ingot-describe-machine: level 'z80' is not known
// NAME: error: ingot-describe-machine: 'l4-bytes:1' is no number of a machine
// NUMBER: error: ingot-describe-machine: 'l1-bytes:0' is no number of a machine
func.func @main() {
  return
}
