#!/bin/sh
# Sends one message and many, reads a state, lists, and shows what a refusal looks like.
# Needs curl and a POSIX shell: CHAPPE_URL=https://… CHAPPE_KEY=KEY.SECRET sh send.sh [NUMBER]
set -eu
TO=${1:-+447400123456}
ANSWER=$(mktemp)
trap 'rm -f "$ANSWER"' EXIT

# ask METHOD PATH [BODY [KEY]]: the answer is in $ANSWER and its status in $STATUS. curl repeats it after 429,
# 503 and the like, as late as Retry-After says, and after no answer; with the same Idempotency-Key that sends
# nothing twice.
ask() {
    STATUS=$(curl --silent --show-error --output "$ANSWER" --write-out '%{http_code}' --max-time 30 \
        --retry 5 --retry-all-errors --retry-connrefused \
        --request "$1" --header "Authorization: Bearer $CHAPPE_KEY" \
        ${3:+--header 'Content-Type: application/json' --data "$3"} \
        ${4:+--header "Idempotency-Key: $4"} "$CHAPPE_URL/api/v1$2") || { echo "no answer" >&2; exit 1; }
}

# field NAME: the first member of that name in the answer. A programme should parse JSON; a shell has no way to.
field() { grep -o "\"$1\": *\"[^\"]*\"" "$ANSWER" | head -n 1 | cut -d '"' -f 4; }

expect() { [ "$STATUS" = "$1" ] || { echo "answered $STATUS: $(cat "$ANSWER")" >&2; exit 1; }; }

# One message. The key is yours, e.g. the number of an order.
ask POST /messages '{"from":"ACME","to":"'"$TO"'","text":"Your table is ready.","client_reference":"order-4711"}' \
    "order-4711-$$-$(date +%s)"
expect 202
ID=$(field id)
echo "accepted $ID for $(field amount) $(field unit)"

# Many messages: all are taken or none.
ask POST /messages '{"from":"ACME","recipients":["'"$TO"'",{"to":"+33612345678","client_reference":"b"}],"text":"Hello"}' \
    "hello-$$-$(date +%s)"
expect 202
echo "accepted $(grep -o '"id"' "$ANSWER" | wc -l | tr -d ' ') messages"

# What became of it? A webhook tells the same without asking.
STATE=queued
TRIES=60
while [ "$TRIES" -gt 0 ]; do
    ask GET "/messages/$ID"
    expect 200
    STATE=$(field state)
    case $STATE in queued | sending | submitted | unknown | scheduled) sleep 1 ;; *) break ;; esac
    TRIES=$((TRIES - 1))
done
echo "state $STATE"

# The list, page by page.
COUNT=0
CURSOR=
while :; do
    ask GET "/messages?limit=2${CURSOR:+&cursor=$CURSOR}"
    expect 200
    COUNT=$((COUNT + $(grep -o '"submission_id"' "$ANSWER" | wc -l)))
    CURSOR=$(field next_cursor)
    [ -n "$CURSOR" ] && [ "$COUNT" -lt 10 ] || break
done
echo "listed $COUNT messages"

# A refusal has a stable code and costs nothing.
ask POST /messages '{"from":"ACME","to":"12","text":"Hello"}'
[ "$STATUS" = 422 ] && echo "refused $(field code): $(field detail)"
