# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by data/quickstart and tests/run: which Debian 12 packages are needed, and how to get them.

BUILD_PACKAGES="gcc libc6-dev meson ninja-build pkg-config gettext libglib2.0-dev libsoup-3.0-dev
libjson-glib-dev libnm-dev libcurl4-openssl-dev nettle-dev
libkrb5-dev"
RUN_PACKAGES="dbus dbus-daemon glib-networking ca-certificates"
TEST_PACKAGES="$RUN_PACKAGES gobject-introspection libgirepository1.0-dev libglib2.0-bin python3
python3-gi nginx-light squid openssl curl procps util-linux network-manager iproute2
modemmanager python3-dbusmock
systemd systemd-container polkitd bubblewrap python3-pyftpdlib python3-openssl
vsftpd krb5-kdc krb5-admin-server krb5-user apache2-bin libapache2-mod-auth-gssapi nodejs gjs"

# Installs those of the named packages that are not there: as root, or with sudo.
install_missing() {
  missing=
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
      missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  as_root=
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
      echo "These packages are missing; install them as root:$missing" >&2
      exit 1
    }
    as_root=sudo
  fi
  echo "Installing$missing" >&2
  $as_root apt-get update -qq
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    $missing >&2
}
