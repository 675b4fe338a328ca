#!/bin/sh
# Makes a root folder of single Debian packages: `debian-root.sh FOLDER`. Each package's record goes to var/lib/dpkg/status.d, where
# scanners look for it in an image without dpkg.
set -eu
root=$1

# The operator calls sh, cat, sleep, cp and basename, and update-ca-certificates, which needs find, grep, sed and openssl. The rest
# is what these, Node and the engine link. apt's own closure, but for debconf and mawk, whose scripts install packages.
packages="base-files ca-certificates coreutils dash debianutils findutils gcc-14-base grep libacl1 libattr1 libc-bin libc6 libcap2
  libgcc-s1 libgmp10 libpcre2-8-0 libselinux1 libssl3t64 libstdc++6 libsystemd0 libzstd1 openssl openssl-provider-legacy sed tini
  zlib1g"

apt-get update -qq
mkdir -p /debs "$root/var/lib/dpkg/status.d" "$root/var/lib/misc"
cd /debs
apt-get download -qq $packages
for deb in /debs/*.deb; do
  dpkg-deb --extract "$deb" "$root"
  dpkg-deb --field "$deb" > "$root/var/lib/dpkg/status.d/$(dpkg-deb --field "$deb" Package)"
done

# base-files brings the links of the merged /usr; packages hold their files below /usr.
for link in bin lib sbin; do
  test -L "$root/$link" || { echo "$root/$link is not a link: is the base Debian 13?" >&2; exit 1; }
done
ln -sf dash "$root/usr/bin/sh"

# Licences stay; texts for people and tables of other languages go.
find "$root/usr/share/doc" -type f ! -name copyright -delete
rm -rf "$root/usr/share/man" "$root/usr/share/info" "$root/usr/share/locale" "$root/usr/share/lintian" "$root/usr/share/bug" \
  "$root/usr/share/zsh" "$root/usr/share/bash-completion" "$root/usr/lib/$(uname -m)-linux-gnu/gconv"
find "$root/usr/share" -depth -type d -empty -delete

echo 'root:x:0:0:root:/root:/usr/sbin/nologin
nim:x:1000:2000:nim:/opt/nim:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin' > "$root/etc/passwd"
echo 'root:x:0:
nim:x:2000:
nogroup:x:65534:' > "$root/etc/group"
echo 'hosts: files dns' > "$root/etc/nsswitch.conf"

# As ca-certificates' own installation does it, by the image's own programs.
(cd "$root/usr/share/ca-certificates" && find . -name '*.crt' | sort | cut -c3-) > "$root/etc/ca-certificates.conf"
mkdir -p "$root/etc/ssl/certs" "$root/etc/ca-certificates/update.d" "$root/usr/local/share/ca-certificates"
ldconfig -r "$root"
chroot "$root" update-ca-certificates > /dev/null

# Names of the commands: each is the one file, which does what it is called by.
mkdir -p "$root/opt/nim/bin"
for name in nim-serve list-model-profiles download-to-cache create-model-store huggingface-cli; do
  ln -s ../serving/server/bin/command.mjs "$root/opt/nim/bin/$name"
done
ln -s ../serving/server/bin/nim-serving.mjs "$root/opt/nim/bin/nim-serving"

# A volume may be mounted here, and where none is, any user can write.
mkdir -p "$root/model-store" "$root/opt/nim/.cache" "$root/tmp"
chmod 1777 "$root/model-store" "$root/opt/nim/.cache" "$root/tmp"
rm -rf "$root/var/cache" "$root/var/log" "$root/var/lib/apt" "$root/etc/apt"
