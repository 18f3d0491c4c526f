<?php
// Sends one message and many, reads a state, lists, and shows what a refusal looks like.
// Needs nothing but PHP 8 on the command line: CHAPPE_URL=https://… CHAPPE_KEY=KEY.SECRET php send.php [NUMBER]
declare(strict_types=1);

const OPEN_STATES = ['scheduled', 'queued', 'sending', 'unknown', 'submitted'];
const TRIES = 6;

final class Refused extends RuntimeException
{
    public function __construct(public readonly array $problem)
    {
        parent::__construct("{$problem['code']}: {$problem['detail']}");
    }
}

/** Asks, and asks again when that helps. `$once` is the Idempotency-Key: without one, do not repeat a POST. */
function ask(string $method, string $path, ?array $body = null, ?string $once = null): array
{
    $headers = ['Authorization: Bearer ' . getenv('CHAPPE_KEY'), 'Connection: close'];
    if ($body !== null) {
        $headers[] = 'Content-Type: application/json';
    }
    if ($once !== null) {
        $headers[] = "Idempotency-Key: $once";
    }
    $http = ['method' => $method, 'header' => $headers, 'timeout' => 30, 'ignore_errors' => true, 'follow_location' => 0];
    if ($body !== null) {
        $http['content'] = json_encode($body, JSON_THROW_ON_ERROR);
    }
    $address = rtrim((string) getenv('CHAPPE_URL'), '/') . '/api/v1' . $path;
    for ($left = TRIES - 1, $pause = 1; ; $left--, $pause *= 2) {
        $http_response_header = [];
        $text = @file_get_contents($address, false, stream_context_create(['http' => $http]));
        $answer = $text === false ? null : json_decode($text, true);
        preg_match('~^HTTP/\S+ (\d+)~', $http_response_header[0] ?? '', $line);
        $status = (int) ($line[1] ?? 0);
        if (!is_array($answer) || $status === 0) {
            // No answer: nobody knows whether it was taken. The same key asks without sending twice.
            if ($left === 0 || ($method === 'POST' && $once === null)) {
                throw new RuntimeException("$method $path was not answered");
            }
            sleep($pause);
            continue;
        }
        if ($status < 300) {
            return $answer;
        }
        // A refusal: nothing was done. Where waiting helps, it says how long.
        $wait = $answer['retry_after'] ?? null;
        if ($wait === null || $left === 0) {
            throw new Refused($answer);
        }
        sleep((int) $wait);
    }
}

$to = $argv[1] ?? '+447400123456';

// One message. The key is yours, e.g. the number of an order; keep it until you have an answer.
$one = ['from' => 'ACME', 'to' => $to, 'text' => 'Your table is ready.', 'client_reference' => 'order-4711'];
$message = ask('POST', '/messages', $one, 'order-4711-' . bin2hex(random_bytes(8)))['messages'][0];
echo "accepted {$message['id']} for {$message['price']['amount']} {$message['price']['unit']}\n";

// Many messages: all are taken or none.
$recipients = [$to, ['to' => '+33612345678', 'client_reference' => 'b']];
$many = ['from' => 'ACME', 'recipients' => $recipients, 'text' => 'Hello'];
echo 'accepted ', count(ask('POST', '/messages', $many, bin2hex(random_bytes(16)))['messages']), " messages\n";

// What became of it? A webhook tells the same without asking.
$state = $message['state'];
for ($left = 60; $left > 0 && in_array($state, OPEN_STATES, true); $left--) {
    sleep(1);
    $state = ask('GET', "/messages/{$message['id']}")['state'];
}
echo "state $state\n";

// The list, page by page, newest first.
$count = 0;
$cursor = null;
do {
    $page = ask('GET', '/messages?limit=2' . ($cursor === null ? '' : "&cursor=$cursor"));
    $count += count($page['items']);
    $cursor = $page['next_cursor'];
} while ($cursor !== null && $count < 10);
echo "listed $count messages\n";

// A refusal has a stable code and costs nothing.
try {
    ask('POST', '/messages', ['from' => 'ACME', 'to' => '12', 'text' => 'Hello']);
} catch (Refused $refused) {
    echo "refused {$refused->getMessage()}\n";
}
