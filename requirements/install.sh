#!/usr/bin/env bash
# Makes .venv from a hash-locked list of wheels: `install.sh run` (hub, satellite, speech), `install.sh dev` (all of
# it and the tools) or `install.sh bench` (that and simulated rooms). Needs no root. Says what the machine lacks, with the command that installs it. A second call with
# nothing changed ends at once.
set -euo pipefail
cd "$(dirname "$0")/.."

kind=${1:-run}
lock=requirements/$kind.lock
venv=.venv

lacks() {
    printf '\nRoomtone cannot be installed here yet: %s\n' "$1" >&2
    [ -z "${2:-}" ] || printf 'This command helps:\n\n    %s\n\n' "$2" >&2
    exit 1
}

# Everything that decides what is installed: the list, the entry points, and the folder, since scripts in a virtual
# environment hold its absolute path.
wanted() { printf '%s\n%s\n' "$PWD" "$(cat "requirements/$1.lock" pyproject.toml)" | sha256sum | cut -d' ' -f1; }
is_installed() { [ "$(cat "$venv/.installed-$1" 2>/dev/null)" = "$(wanted "$1")" ]; }

[ -r "$lock" ] || lacks "there is no list $lock."
if is_installed "$kind"; then exit 0; fi
if [ "$kind" = run ] && is_installed dev; then exit 0; fi  # dev holds all of run, and bench all of dev
if [ "$kind" != bench ] && is_installed bench; then exit 0; fi

suits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
has_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }
system_package() { # of the Python module venv, for the machine at hand
    local version
    version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if command -v apt-get >/dev/null; then
        case $(readlink -f "$(command -v "$1")") in
            /usr/bin/*) echo "sudo apt-get install -y python$version-venv" ;;
            *) echo "" ;;
        esac
    fi
}

python="" without_venv=""
for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if suits "$candidate"; then
        if has_venv "$candidate"; then python=$candidate && break; fi
        without_venv=${without_venv:-$candidate}
    fi
done
if [ -z "$python" ] && [ -n "$without_venv" ]; then
    lacks "$without_venv has no module venv." "$(system_package "$without_venv")"
fi
if [ -z "$python" ]; then
    command=""
    for tool in "apt-get install -y python3 python3-venv" "dnf install -y python3.12" \
        "pacman -S --noconfirm python" "zypper install -y python312"; do
        if command -v "${tool%% *}" >/dev/null; then command="sudo $tool" && break; fi
    done
    lacks "it needs Python 3.11 or newer." "$command"
fi

[ "$("$python" -c 'import struct; print(struct.calcsize("P"))')" = 8 ] ||
    lacks "$python is a 32-bit program, and the speech models come for 64 bit only. Install a 64-bit system."
case $(uname -m) in
    x86_64 | aarch64) ;;
    *) lacks "this is a $(uname -m) processor; packages exist for x86_64 and aarch64." ;;
esac
libc=$(getconf GNU_LIBC_VERSION 2>/dev/null || true)
"$python" - "${libc#glibc }" <<'PY' || lacks "it needs glibc 2.35 or newer, and this system has ${libc:-another C library}. Debian 12, Ubuntu 22.04, Raspberry Pi OS 12 and newer have it."
import sys
try:
    sys.exit(tuple(map(int, sys.argv[1].split(".")[:2])) < (2, 35))
except ValueError:
    sys.exit(1)
PY
free_kib=$(df -Pk . | awk 'NR == 2 { print $4 }')
[ "$free_kib" -ge 1500000 ] || lacks "about 1.5 GB of disk are needed, and $((free_kib / 1024)) MB are free here."

if [ "$(cat "$venv/.made-in" 2>/dev/null)" != "$PWD" ] || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    echo "Making $venv with $("$python" --version) ..."
    "$python" -m venv --clear "$venv"
    printf '%s\n' "$PWD" > "$venv/.made-in"
fi

echo "Installing $(grep -c '^[a-z0-9].*==' "$lock") packages listed in $lock (a minute, and up to 1 GB of disk) ..."
pip() { "$venv/bin/python" -m pip --disable-pip-version-check --no-input "$@"; }
# pip tells a line for each package; the long lists of what is already there would bury them.
pip install --require-hashes --only-binary=:all: -r "$lock" 2>&1 |
    sed -u -n -e '/━/d' -e '/^Collecting/p' -e '/^ *Downloading/p' -e '/^Installing/s/: .*/ .../p' -e '/[Ee][Rr][Rr][Oo][Rr]/p' -e '/^ \{4,\}/p' ||
    lacks "pip could not install $lock; its own lines above say why."
pip install --quiet --no-deps --no-build-isolation -e .
wanted "$kind" > "$venv/.installed-$kind"
echo "Installed."
