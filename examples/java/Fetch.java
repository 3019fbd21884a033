// SPDX-License-Identifier: MIT
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicInteger;
import org.ufomem.LazyIntArray;
import org.ufomem.UfoCore;

/**
 * An array that stands on a server: chunks are fetched when they are first used.  (The server is this program's own, and computes what it
 * sends.)  An answer other than 200 becomes an exception in the loop that uses the array.
 *
 * <p>Usage: java Fetch [elements]
 */
public final class Fetch {
    private static int onServer(long index) {
        return (int) (index * index % 1_000_003);
    }

    /** Serves /elements?first=F&count=C as little-endian ints. */
    private static HttpServer serve(long length, AtomicInteger requests) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/elements", exchange -> {
            requests.incrementAndGet();
            String[] query = exchange.getRequestURI().getQuery().split("[=&]");
            long first = Long.parseLong(query[1]);
            int count = Integer.parseInt(query[3]);
            if (first + count > length / 2) {
                exchange.sendResponseHeaders(404, -1); // the other half is not there yet
            } else {
                ByteBuffer body = ByteBuffer.allocate(count * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
                for (int i = 0; i < count; i++) {
                    body.putInt(onServer(first + i));
                }
                exchange.sendResponseHeaders(200, body.capacity());
                exchange.getResponseBody().write(body.array());
            }
            exchange.close();
        });
        server.start();
        return server;
    }

    public static void main(String[] arguments) throws IOException {
        long length = arguments.length > 0 ? Long.parseLong(arguments[0]) : 1_000_000_000;
        AtomicInteger requests = new AtomicInteger();
        HttpServer server = serve(length, requests);
        URI place = URI.create("http://" + server.getAddress().getHostString() + ":" + server.getAddress().getPort() + "/elements");
        HttpClient client = HttpClient.newHttpClient();
        try (var core = UfoCore.withBudget(4 << 20);
                var array = LazyIntArray.builder(length).core(core).populate((first, count, out) -> {
                    HttpRequest request = HttpRequest.newBuilder(URI.create(place + "?first=" + first + "&count=" + count)).build();
                    HttpResponse<byte[]> answer = client.send(request, HttpResponse.BodyHandlers.ofByteArray());
                    if (answer.statusCode() != 200) {
                        throw new IOException("elements from " + first + " on: the server answers " + answer.statusCode());
                    }
                    out.put(ByteBuffer.wrap(answer.body()).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer());
                }).build()) {
            long step = Math.max(1, length / 1000);
            try {
                for (long index = 0; index < length; index += step) {
                    if (array.get(index) != onServer(index)) {
                        throw new IllegalStateException("Element " + index + " is wrong");
                    }
                }
                throw new IllegalStateException("The server has no second half");
            } catch (org.ufomem.UfoException failure) {
                System.out.println("as it should be: " + failure.getCause().getMessage());
            }
            System.out.println(requests + " requests for " + array.stats().populatedBytes() + " bytes");
        } finally {
            server.stop(0);
        }
    }
}
