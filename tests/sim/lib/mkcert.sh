#!/bin/sh
# mkcert.sh DIR - a throw-away authority and a certificate for this machine
#
# Leaves DIR/ca.pem (to be trusted), DIR/cert.pem and DIR/key.pem (to be served
# with) for 127.0.0.1, ::1 and localhost, good for a month. What is there and
# still good for a day is kept.
set -eu
dir=$1
mkdir -p "$dir"
exec 9>"$dir/.lock" # programs that run side by side share the folder
flock 9
if [ -f "$dir/cert.pem" ] &&
    openssl x509 -checkend 86400 -noout -in "$dir/cert.pem" >/dev/null; then
    exit 0
fi
tmp=$(mktemp -d "$dir/new.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }

key "$tmp/ca.key"
openssl req -x509 -new -key "$tmp/ca.key" -sha256 -days 31 \
    -subj '/CN=dialout test authority' -out "$tmp/ca.pem" 2>/dev/null
key "$tmp/key.pem"
openssl req -new -key "$tmp/key.pem" -subj '/CN=localhost' \
    -out "$tmp/cert.csr"
printf '%s\n' 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1' \
    'extendedKeyUsage=serverAuth' >"$tmp/ext"
openssl x509 -req -in "$tmp/cert.csr" -CA "$tmp/ca.pem" -CAkey "$tmp/ca.key" \
    -CAcreateserial -days 30 -sha256 -extfile "$tmp/ext" \
    -out "$tmp/cert.pem" 2>/dev/null
mv "$tmp/ca.pem" "$tmp/key.pem" "$dir/"
mv "$tmp/cert.pem" "$dir/"
