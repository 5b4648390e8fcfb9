#!/bin/sh
# Installs livegenre into /opt/livegenre, as a systemd service, or takes all of that away again.
set -eu

home=/opt/livegenre
link=/usr/local/bin/livegenre
extras='' network='' purge='' uninstall='' package=''

usage() {
    cat <<'TEXT'
sudo ./install.sh [--with web,mqtt,...] [--network] [WHEEL]
    WHEEL is a file, or whatever pip takes; without one, this checkout. Once more brings it up to date.
    --with: extras of livegenre's; --network: the service may use the network.
sudo ./install.sh --uninstall [--purge]
    --purge: the configuration and the history too.
TEXT
}

fail() {
    echo "install.sh: $1" >&2
    exit 1
}

has_library() {
    python3 -c "import ctypes; ctypes.CDLL('$1')" 2>/dev/null
}

has_module() {
    python3 -c "import $1" 2>/dev/null
}

while [ $# -gt 0 ]; do
    case $1 in
        --with) [ $# -ge 2 ] || fail "--with needs names, such as web,mqtt"; extras="[$2]"; shift ;;
        --network) network=--network ;;
        --uninstall) uninstall=yes ;;
        --purge) purge=--purge ;;
        -h | --help) usage; exit 0 ;;
        -*) fail "there is no option $1; see $0 --help" ;;
        *) package=$1 ;;
    esac
    shift
done
[ "$(id -u)" -eq 0 ] || fail "writes to /opt and /etc; type: sudo $0"

if [ -n "$uninstall" ]; then
    [ -x "$home/bin/livegenre" ] || fail "$home is not there: nothing is installed"
    # Whoever has removed the unit already is told so, and that is all.
    "$home/bin/livegenre" service uninstall ${purge:+"$purge"} || true
    if [ "$(readlink "$link" || true)" = "$home/bin/livegenre" ]; then rm "$link"; fi
    rm -r "$home"
    echo "removed $home"
    exit 0
fi

python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    fail "needs Python 3.11 or newer, which Raspberry Pi OS has since bookworm (2023)"
needed='' options=''
has_module ensurepip || needed="$needed python3-venv"
has_library libportaudio.so.2 || needed="$needed libportaudio2"
if python3 -c 'import struct, sys; sys.exit(struct.calcsize("P") != 4)'; then
    python3 -c 'import sys; sys.exit(sys.version_info >= (3, 12))' ||
        fail "for 32 bits there is no TFLite runtime after bookworm; take a 64-bit system, or bookworm with 32 bits"
    # PyPI has none of these for 32 bits.
    options=--system-site-packages
    for module in cffi numpy scipy; do
        has_module "$module" || needed="$needed python3-$module"
    done
    has_library libsndfile.so.1 || needed="$needed libsndfile1"
fi
if [ -n "$needed" ]; then
    echo "installing$needed"
    # shellcheck disable=SC2086
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends $needed >/dev/null; } ||
        fail "apt could not install$needed; mend that, then start this again"
fi

if [ -z "$package" ]; then
    # From a copy: what root leaves in a checkout as it builds, its owner could not write to.
    package=$(mktemp -d)
    trap 'rm -r "$package"' EXIT
    checkout=$(dirname "$(readlink -f "$0")")
    for part in edge features_np models setup.cfg pyproject.toml README.md LICENSE NOTICE; do
        cp -r "$checkout/$part" "$package" || fail "$checkout is no checkout of livegenre; name a wheel"
    done
fi

echo "installing livegenre into $home; on a small Pi this takes some minutes"
[ -x "$home/bin/pip" ] || python3 -m venv ${options:+"$options"} "$home"
"$home/bin/pip" install --quiet --disable-pip-version-check --upgrade "$package$extras"
ln -sf "$home/bin/livegenre" "$link"
# 2 is the microphone's, which can be plugged in later.
"$home/bin/livegenre" selftest || [ $? -eq 2 ] || fail "it is installed, but does not work here; see above"
"$home/bin/livegenre" service install ${network:+"$network"}
