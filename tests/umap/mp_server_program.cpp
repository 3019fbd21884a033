// SPDX-License-Identifier: MIT
// A server as MP-UMap's documentation has it.  Usage: mp_server_program [SOCKET]
#include "umap/mpumapd.h"

#include <iostream>
#include <string>

int main(int argc, char **argv)
{
    if (argc < 2) {
        std::cout << "serving at " << UMAP_SERVER_PATH << std::endl;
        umap_server(NULL);
    } else {
        std::string path = argv[1];
        umap_server(path.c_str());
    }
    return 1; // it could not start
}
