#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
exec hsm_load check /mnt/share/handles
