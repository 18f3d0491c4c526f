<?php
// Takes what the platform tells, and verifies it (Standard Webhooks).
// Needs nothing but PHP 8: CHAPPE_WEBHOOK_SECRET=whsec_… php -S 0.0.0.0:8090 webhook.php
declare(strict_types=1);

const TOLERANCE_S = 300;

function is_signed(string $body): bool
{
    $id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
    $stamp = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if (!ctype_digit($stamp) || abs(time() - (int) $stamp) > TOLERANCE_S) {
        return false;
    }
    $key = base64_decode(substr((string) getenv('CHAPPE_WEBHOOK_SECRET'), strlen('whsec_')), true);
    if ($key === false || $key === '') {
        return false;
    }
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$stamp.$body", $key, true));
    // While a secret is being replaced there are two signatures.
    foreach (explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $one) {
        if (hash_equals($expected, $one)) {
            return true;
        }
    }
    return false;
}

// The body as it came: parsed and written again it has another signature.
$body = (string) file_get_contents('php://input');
if ($_SERVER['REQUEST_METHOD'] !== 'POST' || !is_signed($body)) {
    http_response_code(401);
    return;
}
// Any 2xx within 15 seconds means that you have it. Without one it is told again, with the same webhook-id:
// keep those that you know in a table, for some days.
http_response_code(204);
['type' => $type, 'data' => $data] = json_decode($body, true, 16, JSON_THROW_ON_ERROR);
if ($type === 'inbound.received') {
    $line = "{$data['from']} wrote: {$data['text']}";
} else {
    // message.delivered is the receipt of a phone; `client_reference` is yours.
    $line = "$type " . ($data['id'] ?? '-') . ' ' . ($data['client_reference'] ?? '-');
}
file_put_contents('php://stdout', "$line\n");
