// SPDX-License-Identifier: MIT
package org.ufomem.internal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Finds and loads {@code libufomem-jni.so}: where the property {@value #PROPERTY} says, a file or its directory; else where the system
 * and {@code java.library.path} have it; else in the jar.
 */
final class NativeLibrary {
    static final String PROPERTY = "ufomem.library.path";
    private static final String NAME = "ufomem-jni";

    private NativeLibrary() {}

    /** Loads the library; called once, when the class of its functions is initialised. */
    static void load() {
        String wished = System.getProperty(PROPERTY);
        if (wished != null) {
            System.load(fileAt(Path.of(wished)).toString());
            return;
        }
        try {
            System.loadLibrary(NAME);
        } catch (UnsatisfiedLinkError notInstalled) {
            loadFromJar(notInstalled);
        }
    }

    private static Path fileAt(Path wished) {
        Path file = Files.isDirectory(wished) ? wished.resolve(System.mapLibraryName(NAME)) : wished;
        if (!Files.isRegularFile(file)) {
            throw new UnsatisfiedLinkError("Property " + PROPERTY + " names " + wished + ", where there is no " + file.getFileName());
        }
        return file.toAbsolutePath();
    }

    private static void loadFromJar(UnsatisfiedLinkError notInstalled) {
        String resource = resource();
        try (InputStream library = NativeLibrary.class.getResourceAsStream(resource)) {
            if (library == null) {
                throw because(notInstalled, "the jar has no " + resource, null);
            }
            Path copy = Files.createTempFile("libufomem-jni-", ".so");
            try {
                Files.copy(library, copy, StandardCopyOption.REPLACE_EXISTING);
                System.load(copy.toString());
            } finally {
                Files.delete(copy); // what is loaded stays
            }
        } catch (IOException failure) {
            throw because(notInstalled, "it cannot be taken out of the jar", failure);
        } catch (UnsatisfiedLinkError failure) {
            throw because(notInstalled, "what the jar has cannot be loaded", failure);
        }
    }

    /** Where the jar keeps the library for this machine. */
    static String resource() {
        String machine = System.getProperty("os.arch").equals("amd64") ? "x86_64" : System.getProperty("os.arch");
        return "/META-INF/native/linux-" + machine + "/" + System.mapLibraryName(NAME);
    }

    private static UnsatisfiedLinkError because(UnsatisfiedLinkError notInstalled, String reason, Throwable cause) {
        UnsatisfiedLinkError error = new UnsatisfiedLinkError(System.mapLibraryName(NAME) + " is not installed, and " + reason
                + "; install it, or give its place by -D" + PROPERTY + "=<directory or file> (java.io.tmpdir has to allow execution)");
        error.initCause(cause == null ? notInstalled : cause);
        return error;
    }
}
