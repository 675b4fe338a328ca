#!/bin/sh
# No words or flags alone serve; a command of the image or any program is run; another word is answered by the server's own error.
case "${1-}" in
'' | -*) exec nim-serve "$@" ;;
esac
if command -v "$1" > /dev/null; then
  exec "$@"
fi
exec node /opt/nim/serving/server/build/main.js "$@"
