// Takes what the platform tells, and verifies it (Standard Webhooks).
// Needs nothing but Java 17: CHAPPE_WEBHOOK_SECRET=whsec_… PORT=8090 java Webhook.java
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Webhook {
    static final long TOLERANCE_S = 300;
    static final int BODY_OCTETS_MAX = 1024 * 1024;

    static boolean isSigned(byte[] key, Headers headers, byte[] body) throws Exception {
        String id = headers.getFirst("webhook-id");
        String stamp = headers.getFirst("webhook-timestamp");
        String signatures = headers.getFirst("webhook-signature");
        if (id == null || signatures == null || stamp == null || !stamp.matches("[0-9]{1,15}")) return false;
        if (Math.abs(System.currentTimeMillis() / 1_000 - Long.parseLong(stamp)) > TOLERANCE_S) return false;
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        mac.update((id + "." + stamp + ".").getBytes(StandardCharsets.UTF_8));
        byte[] expected = ("v1," + Base64.getEncoder().encodeToString(mac.doFinal(body))).getBytes(StandardCharsets.UTF_8);
        // While a secret is being replaced there are two signatures.
        boolean fits = false;
        for (String one : signatures.split(" ")) {
            fits |= MessageDigest.isEqual(expected, one.getBytes(StandardCharsets.UTF_8));
        }
        return fits;
    }

    /** The first member of that name. Java has no JSON of its own: in your programme, use the library that you have. */
    static String field(String json, String name) {
        Matcher found = Pattern.compile('"' + name + "\"\\s*:\\s*\"((?:[^\"\\\\]|\\\\.)*)\"").matcher(json);
        return found.find() ? found.group(1) : null;
    }

    public static void main(String[] arguments) throws Exception {
        byte[] key = Base64.getDecoder().decode(System.getenv("CHAPPE_WEBHOOK_SECRET").replaceFirst("^whsec_", ""));
        Set<String> known = ConcurrentHashMap.newKeySet(); // In your programme: a table, kept for some days.
        int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "8090"));
        HttpServer server = HttpServer.create(new InetSocketAddress(port), 0);
        server.createContext("/", exchange -> {
            try (exchange) {
                // The body as it came: parsed and written again it has another signature.
                byte[] body = exchange.getRequestBody().readNBytes(BODY_OCTETS_MAX);
                if (!isSigned(key, exchange.getRequestHeaders(), body)) {
                    exchange.sendResponseHeaders(401, -1);
                    return;
                }
                // Any 2xx within 15 seconds means that you have it. Without one it is told again.
                exchange.sendResponseHeaders(204, -1);
                if (!known.add(exchange.getRequestHeaders().getFirst("webhook-id"))) return;
                String event = new String(body, StandardCharsets.UTF_8);
                if ("inbound.received".equals(field(event, "type"))) {
                    System.out.println(field(event, "from") + " wrote: " + field(event, "text"));
                } else {
                    // message.delivered is the receipt of a phone; client_reference is yours.
                    System.out.println(field(event, "type") + " " + field(event, "id") + " " + field(event, "client_reference"));
                }
            } catch (Exception error) {
                error.printStackTrace();
            }
        });
        server.start();
    }
}
