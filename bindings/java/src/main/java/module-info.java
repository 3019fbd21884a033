// SPDX-License-Identifier: MIT
/** Lazy arrays larger than memory, computed or read where they are used. */
module org.ufomem {
    exports org.ufomem;
}
