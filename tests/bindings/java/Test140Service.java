// SPDX-License-Identifier: MIT
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.ufomem.Advice;
import org.ufomem.LazyByteArray;
import org.ufomem.LazyDoubleArray;
import org.ufomem.LazyIntArray;
import org.ufomem.LazyLongArray;
import org.ufomem.UfoClient;
import org.ufomem.UfoException;
import org.ufomem.UfoStatus;

/** Arrays of a service: by name and by file, and what becomes of them when the service ends. */
class Test140Service {
    /** Elements of each of the arrays of service.c. */
    private static final int COUNT = 1_000_000;

    @TempDir
    private Path folder;

    private Path socket;
    private Process service;

    private static long value(long index) {
        return index * 3 + 1;
    }

    @BeforeEach
    void begin() throws Exception {
        socket = folder.resolve("socket");
        ProcessBuilder program = new ProcessBuilder(System.getProperty("test.service"), socket.toString());
        service = program.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String line = new BufferedReader(new InputStreamReader(service.getInputStream())).readLine();
        if (!"ready".equals(line)) {
            assumeTrue(service.waitFor() != 77, "this kernel cannot have a service");
            fail("the service does not start");
        }
    }

    @AfterEach
    void end() throws InterruptedException {
        service.destroyForcibly().waitFor();
    }

    private UfoClient connect() {
        return UfoClient.connect(socket);
    }

    private Path file(int header, int elements) throws IOException {
        ByteBuffer content = ByteBuffer.allocate(header + elements * Long.BYTES).order(ByteOrder.nativeOrder());
        for (int i = 0; i < elements; i++) {
            content.putLong(header + i * Long.BYTES, value(i));
        }
        return Files.write(folder.resolve("file"), content.array());
    }

    /** The service has ended: an error, at the latest when this process has noticed. */
    private static void assertLost(Executable call) {
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (System.nanoTime() < limit) {
            try {
                call.execute();
            } catch (UfoException failure) {
                if (failure.status() == UfoStatus.CLOSED) {
                    return;
                }
            } catch (Throwable other) {
                fail(other);
            }
        }
        fail("No error in half a minute");
    }

    @Test
    void byName() {
        try (var client = connect(); var array = LazyLongArray.open(client, "values")) {
            assertEquals(COUNT, array.length());
            assertEquals(64 * 1024 / Long.BYTES, array.chunk());
            assertNull(array.core());
            for (int i = 0; i < COUNT; i += 9973) {
                assertEquals(value(i), array.get(i));
            }
            long[] part = new long[300_000];
            array.read(500_000, part);
            assertArrayEquals(LongStream.range(500_000, 800_000).map(Test140Service::value).toArray(), part);
            long sum = LongStream.range(0, COUNT).map(Test140Service::value).sum();
            assertEquals(sum, array.stream().sum());
            assertEquals(sum, array.stream().parallel().sum());
            array.touch(0, 10);
            array.advise(0, 10, Advice.WILL_NEED);
            array.evict(0, COUNT);
            assertEquals(22, array.get(7));
            assertTrue(array.stats().populatedBytes() >= COUNT * Long.BYTES);
        }
        try (var client = connect(); var halves = LazyDoubleArray.open(client, "halves")) {
            assertEquals(3.5, halves.get(7));
        }
    }

    @Test
    void viewsAreCopies() throws Exception {
        try (var client = connect(); var array = LazyLongArray.open(client, "values")) {
            var view = array.view(10_000, 200_000);
            end();
            assertLost(() -> array.get(0));
            LongBuffer buffer = view.buffer(); // where memory of the service would be an InternalError by now, or worse
            assertEquals(190_000, buffer.remaining());
            for (int i = 0; i < buffer.limit(); i++) {
                assertEquals(value(10_000 + i), buffer.get(i));
            }
            assertTrue(buffer.isReadOnly());
            assertEquals(10_000, view.first());
            view.close();
            assertEquals(0, buffer.limit());
        }
    }

    @Test
    void whatIsNotToBeHad() {
        try (var client = connect()) {
            Support.assertFails(UfoStatus.INVALID, () -> LazyLongArray.open(client, "nothing"));
            Support.assertFails(UfoStatus.INVALID, () -> LazyLongArray.open(client, ""));
            Support.assertFails(UfoStatus.INVALID, () -> LazyIntArray.open(client, "values"));
            assertThrows(NullPointerException.class, () -> LazyLongArray.open(client, (String) null));
            assertThrows(NullPointerException.class, () -> LazyLongArray.open(null, "values"));
            assertThrows(UfoException.class, () -> UfoClient.connect(folder.resolve("nobody")));
        }
    }

    @Test
    void readOnly() {
        try (var client = connect(); var array = LazyLongArray.open(client, "values")) {
            Support.assertFails(UfoStatus.READ_ONLY, () -> array.set(0, 1));
            Support.assertFails(UfoStatus.READ_ONLY, () -> array.write(0, new long[5]));
            Support.assertFails(UfoStatus.READ_ONLY, () -> array.writableView(0, 5));
            assertThrows(IndexOutOfBoundsException.class, () -> array.get(COUNT));
            assertThrows(IndexOutOfBoundsException.class, () -> array.view(0, COUNT + 1));
        }
    }

    @Test
    void aSourceThatFails() {
        try (var client = connect(); var array = LazyLongArray.open(client, "failing")) {
            Support.assertFails(UfoStatus.POPULATE, () -> array.get(0));
            Support.assertFails(UfoStatus.POPULATE, () -> array.view(0, 5));
            array.reset(0, 5);
        }
    }

    @Test
    void aFile() throws IOException {
        Path path = file(24, 100_000);
        try (var client = connect(); var part = LazyLongArray.open(client, path, 24 + 800, 50); var bytes = LazyByteArray.open(client, path)) {
            assertEquals(50, part.length());
            assertEquals(301, part.get(0));
            assertEquals(24 + 800_000, bytes.length());
            try (var view = bytes.view(24, 40)) {
                assertEquals(4, view.buffer().getLong(8));
            }
            Support.assertFails(UfoStatus.FILE, () -> LazyLongArray.open(client, folder.resolve("nothing")));
            Support.assertFails(UfoStatus.TRUNCATED, () -> LazyLongArray.open(client, path, 0, 100_004));
        }
    }

    @Test
    void twoClientsShare() throws IOException {
        Path path = file(0, 1000);
        try (var one = connect(); var two = connect(); var a = LazyLongArray.open(one, path)) {
            assertEquals(22, a.get(7));
            var before = one.stats();
            try (var b = LazyLongArray.open(two, path)) {
                assertEquals(22, b.get(7));
                assertEquals(before.populatedBytes(), two.stats().populatedBytes());
            }
            assertEquals(2, two.stats().clients());
            assertEquals(4 * Support.MIB, two.stats().budgetBytes());
        }
    }

    @Test
    void afterClose() {
        UfoClient client = connect();
        LazyLongArray array = LazyLongArray.open(client, "values");
        client.close();
        client.close();
        Support.assertFails(UfoStatus.CLOSED, client::stats);
        Support.assertFails(UfoStatus.CLOSED, () -> LazyLongArray.open(client, "values"));
        assertEquals(22, array.get(7));
        array.close();
        array.close();
        Support.assertFails(UfoStatus.CLOSED, () -> array.get(7));
        Support.assertFails(UfoStatus.CLOSED, () -> array.view(0, 5));
        Support.assertFails(UfoStatus.CLOSED, () -> array.view(5, 5));
    }

    @Test
    void nobodyKeepsIt() throws InterruptedException {
        try (var client = connect()) {
            for (int i = 0; i < 10; i++) {
                UfoClient forgotten = connect();
                assertEquals(22, LazyLongArray.open(forgotten, "values").get(7));
            }
            Support.collectUntil("clients are gone", () -> client.stats().clients() == 1);
        }
    }

    @Test
    void theServiceEndsAndComesBack() throws Exception {
        try (var client = connect(); var array = LazyLongArray.open(client, "values")) {
            assertEquals(22, array.get(7));
            end();
            assertLost(() -> array.get(7));
            assertLost(() -> array.read(500_000, new long[100_000]));
            assertLost(() -> array.view(0, 5));
            assertLost(() -> array.touch(0, COUNT));
            assertLost(() -> array.stream().sum());
            assertLost(array::stats);
            assertLost(client::stats);
            begin();
            assertTimeoutPreemptively(Duration.ofSeconds(30), () -> {
                for (long found = 0; found != 22;) {
                    try {
                        found = array.get(7);
                    } catch (UfoException notYet) {
                        Thread.sleep(1);
                    }
                }
            });
            assertEquals(value(COUNT - 1), array.get(COUNT - 1));
        }
    }

    @Test
    void theServiceEndsWhileSomebodyWaits() {
        try (var client = connect(); var array = LazyLongArray.open(client, "deadly")) {
            assertTimeoutPreemptively(Duration.ofSeconds(30), () -> {
                assertThrows(UfoException.class, () -> array.get(7));
                assertLost(() -> array.get(7));
            });
        }
    }

    @Test
    void theServiceEndsUnderManyReaders() throws Exception {
        try (var client = connect(); var array = LazyLongArray.open(client, "values")) {
            List<Future<?>> readers = new ArrayList<>();
            for (int number = 0; number < 4; number++) {
                Random random = new Random(number);
                long[] part = new long[20_000];
                readers.add(Support.THREADS.submit(() -> assertLost(() -> {
                    int first = random.nextInt(COUNT - part.length);
                    array.read(first, part);
                    for (int i = 0; i < part.length; i++) {
                        assertEquals(value(first + i), part[i]);
                    }
                })));
            }
            Thread.sleep(200);
            end();
            for (Future<?> reader : readers) {
                reader.get(60, TimeUnit.SECONDS);
            }
        }
    }
}
