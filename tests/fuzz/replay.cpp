// SPDX-License-Identifier: MIT
// In place of the fuzzer: every file of the folders that are named, once; and then, if asked to, what chance makes of them.  Nobody looks which branches
// are taken, so it finds less than the fuzzer does, but any compiler can build it.
//
//     NAME [--seconds N [--seed S]] FOLDER...
#include "input.hpp"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr std::size_t most_bytes = 1500;

void run(const Bytes &bytes) { LLVMFuzzerTestOneInput(bytes.data(), bytes.size()); }

/// Changes inputs a little, each time in another way; the same for the same seed.
class Chance {
  public:
    explicit Chance(std::uint64_t seed) : random_(seed) {}

    Bytes change(const std::vector<Bytes> &inputs)
    {
        Bytes bytes = inputs[below(inputs.size())];
        for (std::size_t changes = 1 + below(8); changes > 0; --changes)
            change_once(bytes, inputs[below(inputs.size())]);
        if (bytes.size() > most_bytes)
            bytes.resize(most_bytes);
        return bytes;
    }

  private:
    std::size_t below(std::size_t end) { return end == 0 ? 0 : random_() % end; }
    std::uint8_t byte()
    {
        constexpr std::uint8_t edges[] = {0, 1, 0x7f, 0x80, 0xff};
        return below(2) == 0 ? edges[below(std::size(edges))] : static_cast<std::uint8_t>(random_());
    }

    void change_once(Bytes &bytes, const Bytes &other)
    {
        const auto at = [&] { return bytes.begin() + static_cast<std::ptrdiff_t>(below(bytes.size() + 1)); };
        if (bytes.empty() || below(5) == 0) {
            bytes.insert(at(), 1 + below(16), byte());
            return;
        }
        const std::size_t first = below(bytes.size());
        const std::size_t length = 1 + below(std::min<std::size_t>(bytes.size() - first, 32));
        const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(first);
        switch (below(4)) {
        case 0:
            *begin = static_cast<std::uint8_t>(*begin ^ 1U << below(8));
            break;
        case 1:
            *begin = byte();
            break;
        case 2:
            bytes.erase(begin, begin + static_cast<std::ptrdiff_t>(length));
            break;
        default: { // a part of another one
            if (other.empty())
                break;
            const std::size_t from = below(other.size());
            const std::size_t count = 1 + below(std::min<std::size_t>(other.size() - from, 64));
            const Bytes part(other.begin() + static_cast<std::ptrdiff_t>(from),
                             other.begin() + static_cast<std::ptrdiff_t>(from + count));
            bytes.insert(at(), part.begin(), part.end());
            break;
        }
        }
    }

    std::mt19937_64 random_;
};

std::uint64_t number(std::string_view text)
{
    std::uint64_t value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ptr != text.data() + text.size()) {
        std::fprintf(stderr, "'%.*s' is not a number\n", static_cast<int>(text.size()), text.data());
        std::exit(2);
    }
    return value;
}

} // namespace

int main(int argc, char **argv)
{
    std::uint64_t seconds = 0;
    std::uint64_t seed = std::random_device()();
    std::vector<Bytes> inputs;
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--seconds") == 0 && i + 1 < argc) {
            seconds = number(argv[++i]);
            continue;
        }
        if (std::strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            seed = number(argv[++i]);
            continue;
        }
        for (const auto &entry : std::filesystem::directory_iterator(argv[i])) {
            std::ifstream file(entry.path(), std::ios::binary);
            const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
            inputs.emplace_back(bytes.begin(), bytes.end());
        }
    }
    for (const Bytes &input : inputs)
        run(input);
    std::printf("%zu inputs\n", inputs.size());
    if (inputs.empty())
        return 1;
    if (seconds == 0)
        return 0;
    std::printf("changed by chance: --seed %llu\n", static_cast<unsigned long long>(seed));
    std::fflush(stdout); // before what may be the end
    Chance chance(seed);
    std::size_t changed = 0;
    for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
         std::chrono::steady_clock::now() < end; ++changed)
        run(chance.change(inputs));
    std::printf("%zu more\n", changed);
    return 0;
}
