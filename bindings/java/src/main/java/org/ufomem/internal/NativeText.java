// SPDX-License-Identifier: MIT
package org.ufomem.internal;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Text as the system has it: bytes, in the encoding that the JVM uses for file names. */
public final class NativeText {
    private static final Charset ENCODING = encoding();

    private NativeText() {}

    private static Charset encoding() {
        String name = System.getProperty("sun.jnu.encoding");
        return name != null && Charset.isSupported(name) ? Charset.forName(name) : StandardCharsets.UTF_8;
    }

    /**
     * A path for the library.
     *
     * @param path any path of the default file system
     * @return its bytes
     */
    public static byte[] encode(Path path) {
        return path.toFile().getPath().getBytes(ENCODING);
    }

    static String decode(byte[] text) {
        return new String(text, ENCODING);
    }
}
