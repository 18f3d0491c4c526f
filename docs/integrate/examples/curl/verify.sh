#!/bin/sh
# Verifies a call of a webhook that was kept: its three headers as variables, its body on standard input.
# Needs openssl: CHAPPE_WEBHOOK_SECRET=whsec_… WEBHOOK_ID=… WEBHOOK_TIMESTAMP=… WEBHOOK_SIGNATURE='v1,…' sh verify.sh < body
set -eu
AGE=$(($(date +%s) - WEBHOOK_TIMESTAMP))
[ "${AGE#-}" -le 300 ] || { echo "too old" >&2; exit 1; }

KEY=$(printf %s "${CHAPPE_WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
EXPECTED=$({ printf '%s.%s.' "$WEBHOOK_ID" "$WEBHOOK_TIMESTAMP"; cat; } |
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary | openssl base64 -A)

# While a secret is being replaced there are two signatures.
for ONE in $WEBHOOK_SIGNATURE; do
    [ "$ONE" = "v1,$EXPECTED" ] && { echo "verified $WEBHOOK_ID"; exit 0; }
done
echo "not signed by this secret" >&2
exit 1
