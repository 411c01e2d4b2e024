# SPDX-License-Identifier: GPL-2.0-or-later
#
# The verbs of the project; `make help` lists them. What is built lies under build/,
# what is fetched under HSM_CACHE.

BUILD		:= $(CURDIR)/build
HSM_CACHE	?= $(BUILD)/cache
SERIES		?= 6.12
LINUX		:= $(HSM_CACHE)/linux-$(SERIES)
KDIR		?= $(LINUX)/kdir
KERNEL		?= $(LINUX)/vmlinuz
MODULES		?= $(LINUX)/lib/modules/$$(cat $(LINUX)/release)
export BUILD HSM_CACHE SERIES KDIR KERNEL
export KEYSTORE NODES CLUSTERS SHARE MEM CPUS ACCEL ACTIVATE TIMEOUT HSM_PROPS QEMU_EXTRA QEMU_SRC QMP

ROOT		:= $(BUILD)/image/root
DRIVER		:= $(BUILD)/driver-$(SERIES)
LANES		?= unit unit-user qtest crash power race secret cluster kselftest transcript canary vm hostile fuzz

.DEFAULT_GOAL := help
GOALS_DEPS	:= build cluster test debug coverage lint bench
.PHONY: help run cluster shell guest all firmware qemu driver tools image test check fuzz coverage test-debug soak \
	lint bench clean $(LANES:%=lane-%) $(GOALS_DEPS:%=deps-%)

help:		## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 20
	@sed -n '/^# Settings/,/^$$/s/^# \{0,1\}//p' $(MAKEFILE_LIST)

# Settings, on the command line or in the environment:
#   SCRIPT=file      make guest: what to run in the guest
#   KEYSTORE=file    the card's key store; survives between calls (build/keystore/hsm0.db)
#   NODES=n          cards in the VM (1), a cluster if more; card n > 0 keeps its keys in KEYSTORE.n
#   CLUSTERS=n,n,..  sizes of the clusters that the NODES cards form; 1: a card on its own
#   SHARE=dir        host folder, seen in the guest as /mnt/share
#   MEM= CPUS=       of the guest (512M, 1)
#   ACCEL=kvm        instead of tcg
#   ACTIVATE=no      leave a fresh card as it left the factory
#   HSM_PROPS=a=b,.. more properties of the card: workers=4, fips=on, secret=...
#   QEMU_EXTRA=...   more words for QEMU's command line
#   SERIES=6.1       boot Debian's Linux 6.1 instead of 6.12 (on Debian 12)
#   HSM_CACHE=dir    where downloads and the QEMU build are kept (build/cache)
#   QEMU_SRC= KDIR= KERNEL= MODULES=   your own QEMU 10.0 source, kernel headers, kernel image, modules
#   LANES="..."      make test: which lanes (unit unit-user qtest crash power race secret cluster
#                    kselftest transcript canary vm hostile fuzz)
#   FUZZ_SECS=n      make fuzz, and the lane: seconds for all targets together (300)
#   SOAK_MINS=n SEED=n   make soak: how long (30), and which run to repeat

run: image	## boot a VM with the card: a logged-in prompt, or without a terminal a first session
	@if [ -t 0 ] && [ -t 1 ]; then images/run.sh prompt; else images/run.sh script images/first-run.sh; fi

cluster: deps-cluster image	## as run, with the card in a cluster of three: etcd and two hsm-node beside the VM
	@images/cluster.sh

shell: image	## boot a VM with the card: a root shell
	@images/run.sh shell

guest: image	## run SCRIPT=file in the guest as root, print its output
	@[ -n "$(SCRIPT)" ] || { echo "make guest: which script? SCRIPT=file" >&2; exit 2; }
	@images/run.sh script "$(SCRIPT)"

all: image	## build everything that runs

$(GOALS_DEPS:%=deps-%):
	@images/deps.sh $(@:deps-%=%)

firmware: deps-build	## the firmware library, for the host
	@$(MAKE) -s --no-print-directory -C qemu-device O=$(BUILD)/host

qemu: firmware	## QEMU with the card
	@qemu-device/build-qemu.sh

$(LINUX)/release: | deps-build
	@images/kernel.sh image $(SERIES)
	@touch $@

$(LINUX)/kdir/Makefile: | deps-build
	@images/kernel.sh headers $(SERIES)

$(LINUX)/.source: | deps-build
	@images/kernel.sh source $(SERIES)

$(HSM_CACHE)/roms/usr/share/seabios: | deps-build
	@images/fetch.sh deb $(HSM_CACHE)/roms seabios qemu-system-data

driver: deps-build $(if $(findstring $(LINUX),$(KDIR)),$(LINUX)/kdir/Makefile)	## hsm.ko for the guest
	@$(MAKE) -s --no-print-directory -C kernel-driver KDIR=$(KDIR) OUT=$(DRIVER)

tools: deps-build	## libhsm and the tools
	@$(MAKE) -s --no-print-directory -C userspace O=$(BUILD)/guest
	@$(MAKE) -s --no-print-directory -C userspace O=$(BUILD)/guest install DESTDIR=$(ROOT) PREFIX=/opt/cloudhsm

$(BUILD)/image/base-$(SERIES).cpio: images/rootfs.sh images/guest-init.sh $(LINUX)/release
	@mkdir -p $(@D)
	@MODULES=$(MODULES) images/rootfs.sh base $@

image: qemu driver tools $(BUILD)/image/base-$(SERIES).cpio $(HSM_CACHE)/roms/usr/share/seabios	## the guest's initramfs
	@install -C -D -m 644 $(DRIVER)/hsm.ko $(ROOT)/opt/cloudhsm/lib/hsm.ko
	@install -C -D -m 644 $(BUILD)/firmware.sha256 $(ROOT)/opt/cloudhsm/etc/firmware.sha256
	@if [ ! -e $(BUILD)/image/product.cpio ] || \
	    [ -n "$$(find $(ROOT) -type f -newer $(BUILD)/image/product.cpio -print -quit)" ]; then \
		images/rootfs.sh layer $(BUILD)/image/product.cpio $(ROOT); fi

test: deps-test image $(LINUX)/.source	## every lane; closes with "N passed, N failed"
	@tests/run.sh $(LANES)

$(LANES:%=lane-%): lane-%: deps-test image $(LINUX)/.source	## one lane of the tests, as make lane-unit
	@tests/run.sh $*

fuzz: deps-test image	## libFuzzer on all that reads, QEMU's fuzzers on the device, for FUZZ_SECS
	@tests/fuzz/run.sh

coverage: deps-coverage	## which lines of the firmware the tests run
	@tests/coverage/run.sh

test-debug: deps-debug image $(LINUX)/.source	## the driver under KASAN, lockdep, kmemleak, with faults injected
	@tests/debug/run.sh

soak: deps-test image	## SOAK_MINS of commands, resets, unplugs and logins at random
	@tests/soak/run.sh

lint: deps-lint image	## sparse, checkpatch, clang-tidy, cppcheck, shellcheck, our own rules
	@tests/lint/run.sh

bench: deps-bench image	## measure against NVMe, OpenSSL, SoftHSM2 in one run; PUBLISH=1: into docs/performance.md
	@tests/bench/run.sh

clean:		## remove build/ but for the cache
	@find $(BUILD) -mindepth 1 -maxdepth 1 ! -path '$(HSM_CACHE)' -exec rm -rf {} +
