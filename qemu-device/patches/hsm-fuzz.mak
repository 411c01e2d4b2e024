# SPDX-License-Identifier: GPL-2.0-or-later
# The machine that the HSM card is fuzzed in.
CONFIG_Q35=y
CONFIG_PCIE_PORT=y
CONFIG_VTD=y
CONFIG_HSM_PCI=y
