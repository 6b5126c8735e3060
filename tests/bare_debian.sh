#!/usr/bin/env bash
# Proves that README's first command works on a machine that has nothing: makes a bare Debian 12 under a temporary
# folder (python3, python3-venv, make and git only; no libopus, no PortAudio, no compiler), copies this folder's files
# into it and runs `make run` there. Needs root and debootstrap. Usage: tests/bare_debian.sh [make's arguments]
set -euo pipefail
cd "$(dirname "$0")/.."

[ "$(id -u)" = 0 ] || { echo "This needs root: it makes a root folder of its own." >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "Install it first: apt-get install -y debootstrap" >&2; exit 1; }
if [ "$#" = 0 ]; then set -- run ARGS=--once; fi

root=$(mktemp -d /tmp/roomtone-bare-XXXXXX)
mounted=()
finish() {
    for place in "${mounted[@]}"; do umount -l "$place"; done
    # Never remove through a mount that did not go away.
    if ! grep -q " $root/" /proc/mounts; then rm -rf --one-file-system "$root"; fi
}
trap finish EXIT
bind() { # SOURCE, read-only, at the same place inside, once
    case " ${mounted[*]} " in *" $root$1 "*) return 0 ;; esac
    if [ -d "$1" ]; then mkdir -p "$root$1"; else mkdir -p "$root$(dirname "$1")" && touch "$root$1"; fi
    mount --bind -o ro "$1" "$root$1"
    mounted=("$root$1" "${mounted[@]}")
}

mirror=${DEBIAN_MIRROR:-$(awk '$1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /^(http|file)/) { print $i; exit } }
    $1 == "URIs:" { print $2; exit }' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true)}
debootstrap --variant=minbase --include=ca-certificates,git,make,python3,python3-venv \
    bookworm "$root" ${mirror:+"$mirror"} > "$root.log" 2>&1 || { tail -20 "$root.log" >&2; exit 1; }
rm -f "$root.log"

mount -t proc proc "$root/proc" && mounted=("$root/proc" "${mounted[@]}")
mkdir -p "$root/dev/shm" && mount -t tmpfs tmpfs "$root/dev/shm" && mounted=("$root/dev/shm" "${mounted[@]}")
bind /etc/resolv.conf
# How this machine reaches a package index, if it has its own way: the file, and the folders and certificate it names.
pass=()
for name in PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_CERT PIP_DEFAULT_TIMEOUT http_proxy https_proxy no_proxy; do
    [ -z "${!name:-}" ] || pass+=("$name=${!name}")
done
pip_files=(/etc/pip.conf "$HOME/.config/pip/pip.conf" "$HOME/.pip/pip.conf")
for file in "${pip_files[@]}" "${PIP_CERT:-}" /etc/ssl/certs/ca-certificates.crt; do
    [ ! -f "$file" ] || bind "$file"
done
for folder in $({ cat "${pip_files[@]}" 2>/dev/null || true; printf '%s\n' "${pass[@]}"; } |
    grep -oE '(file://)?/[^ =,]+' | sed 's,^file://,,' | sort -u); do
    folder=${folder%/simple} # a local index keeps its files beside its pages
    [ ! -d "$folder" ] || bind "$folder"
done

mkdir "$root/roomtone"
git ls-files -co --exclude-standard -z | tar --null --ignore-failed-read -T - -cf - | tar -xf - -C "$root/roomtone" --no-same-owner
echo "A bare Debian $(cat "$root/etc/debian_version"): make $*"
chroot "$root" /usr/bin/env -i HOME="$HOME" LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin "${pass[@]}" \
    make -C /roomtone "$@"
