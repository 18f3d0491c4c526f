// Sends one message and many, reads a state, lists, and shows what a refusal looks like.
// Needs nothing but Java 17: CHAPPE_URL=https://… CHAPPE_KEY=KEY.SECRET java Send.java [NUMBER]
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Send {
    static final String BASE = System.getenv("CHAPPE_URL").replaceAll("/$", "") + "/api/v1";
    static final Set<String> OPEN = Set.of("scheduled", "queued", "sending", "unknown", "submitted");
    static final int TRIES = 6;
    static final HttpClient CLIENT =
        HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(10)).build();

    /** A lawful no: its code and what is wrong. */
    static class Refused extends Exception {
        Refused(String problem) {
            super(field(problem, "code") + ": " + field(problem, "detail"));
        }
    }

    /**
     * Asks, and asks again when that helps. {@code once} is the Idempotency-Key: without one, a POST is not repeated.
     */
    static String ask(String method, String path, String body, String once)
            throws IOException, InterruptedException, Refused {
        HttpRequest.Builder builder = HttpRequest.newBuilder(URI.create(BASE + path))
            .timeout(Duration.ofSeconds(30))
            .header("Authorization", "Bearer " + System.getenv("CHAPPE_KEY"))
            .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (body != null) builder.header("Content-Type", "application/json");
        if (once != null) builder.header("Idempotency-Key", once);
        HttpRequest request = builder.build();
        long pause = 1_000;
        for (int left = TRIES - 1; ; left--) {
            HttpResponse<String> answer;
            try {
                answer = CLIENT.send(request, BodyHandlers.ofString());
            } catch (IOException error) {
                // No answer: nobody knows whether it was taken. The same key asks without sending twice.
                if (left == 0 || (method.equals("POST") && once == null)) throw error;
                Thread.sleep(pause);
                pause *= 2;
                continue;
            }
            if (answer.statusCode() < 300) return answer.body();
            // A refusal: nothing was done. Where waiting helps, it says how long.
            Optional<String> wait = answer.headers().firstValue("Retry-After");
            if (wait.isEmpty() || left == 0) throw new Refused(answer.body());
            Thread.sleep(Long.parseLong(wait.get()) * 1_000);
        }
    }

    /** The first member of that name. Java has no JSON of its own: in your programme, use the library that you have. */
    static String field(String json, String name) {
        Matcher found = Pattern.compile('"' + name + "\"\\s*:\\s*\"((?:[^\"\\\\]|\\\\.)*)\"").matcher(json);
        return found.find() ? found.group(1) : null;
    }

    static int count(String json, String name) {
        return (int) Pattern.compile('"' + name + "\"\\s*:").matcher(json).results().count();
    }

    public static void main(String[] arguments) throws Exception {
        String to = arguments.length > 0 ? arguments[0] : "+447400123456";

        // One message. The key is yours, e.g. the number of an order; keep it until you have an answer.
        String one = """
            {"from": "ACME", "to": "%s", "text": "Your table is ready.", "client_reference": "order-4711"}""";
        String sent = ask("POST", "/messages", one.formatted(to), "order-4711-" + UUID.randomUUID());
        String id = field(sent, "id");
        System.out.println("accepted " + id + " for " + field(sent, "amount") + " " + field(sent, "unit"));

        // Many messages: all are taken or none.
        String many = """
            {"from": "ACME", "recipients": ["%s", {"to": "+33612345678", "client_reference": "b"}], "text": "Hello"}""";
        sent = ask("POST", "/messages", many.formatted(to), UUID.randomUUID().toString());
        System.out.println("accepted " + count(sent, "id") + " messages");

        // What became of it? A webhook tells the same without asking.
        String state = "queued";
        for (int left = 60; left > 0 && OPEN.contains(state); left--) {
            Thread.sleep(1_000);
            state = field(ask("GET", "/messages/" + id, null, null), "state");
        }
        System.out.println("state " + state);

        // The list, page by page, newest first.
        int listed = 0;
        String cursor = null;
        do {
            String page = ask("GET", "/messages?limit=2" + (cursor == null ? "" : "&cursor=" + cursor), null, null);
            listed += count(page, "submission_id");
            cursor = field(page, "next_cursor");
        } while (cursor != null && listed < 10);
        System.out.println("listed " + listed + " messages");

        // A refusal has a stable code and costs nothing.
        try {
            ask("POST", "/messages", "{\"from\": \"ACME\", \"to\": \"12\", \"text\": \"Hello\"}", null);
        } catch (Refused refused) {
            System.out.println("refused " + refused.getMessage());
        }
    }
}
