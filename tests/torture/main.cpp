// SPDX-License-Identifier: MIT
// Lets every system call and allocation of the library fail, in every way that is plausible, and looks at what comes of it.
#include "options.hpp"
#include "repeat.hpp"
#include "sweep.hpp"
#include "symbols.hpp"

#include <cstdio>
#include <cstdlib>
#include <vector>

int main(int argc, char **argv)
{
    setvbuf(stdout, nullptr, _IOLBF, 0);
    const torture::Options options = torture::Options::parse(argc, argv);
    static const std::vector<torture::Code> looked_through = torture::Symbols().code_of(
        {"ufomem::Heap::", "ufomem::kernel::map_memory(", "std::", "__gnu_cxx::"});
    torture::Injector::of_process().look_through(looked_through);
    if (options.list)
        return torture::list(options);
    return options.site != 0 || !options.at.empty() ? torture::repeat(options) : torture::sweep(options);
}
