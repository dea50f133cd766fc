# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Prints what bash offers for the last of the words, between < and >.
set -uo pipefail # no -e: a completion without matches ends with 1
source <(ingot completion bash)
COMP_WORDS=(ingot "$@")
COMP_CWORD=$#
_ingot
echo "<${COMPREPLY[*]-}>"
