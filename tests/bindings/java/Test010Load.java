// SPDX-License-Identifier: MIT
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.ufomem.LazyIntArray;

/** The native library is found, and where it should be.  Run once for each place. */
class Test010Load {
    @Test
    void theLibraryComesFromWhereItShould() throws Exception {
        try (var zeros = LazyIntArray.zeros(10)) {
            assertEquals(0, zeros.get(9));
        }
        String expected = System.getProperty("test.library");
        List<String> maps = Files.readAllLines(Path.of("/proc/self/maps"));
        assertTrue(maps.stream().anyMatch(line -> line.matches(".*" + expected)), () -> "no mapping of " + expected + " among " + maps);
    }
}
