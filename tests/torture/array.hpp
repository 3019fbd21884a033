// SPDX-License-Identifier: MIT
// A region, and an account of what each of its slots (a word in so many) may hold: exactly one version, or several after an operation that
// failed on the way.
#pragma once

#include "pass.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace torture {

/// Word `index` as the source gives it.
using Base = std::uint64_t (*)(std::size_t index);
std::uint64_t mixed_word(std::size_t index);
std::uint64_t zero_word(std::size_t index);
std::uint64_t counted_word(std::size_t index); ///< 7 + 3 * index

/// Gives mixed_word() for each element.
std::int32_t populate_mixed(void *, std::size_t first, std::size_t count, void *out);
inline ufo_status from_mixed_words(ufo_config *config) { return ufo_config_set_populate(config, populate_mixed, nullptr, nullptr); }

class Array {
  public:
    struct Shape {
        std::size_t words = 0;
        std::size_t words_per_element = 1;
        std::size_t stride = 1; ///< words from slot to slot
        Base base = mixed_word;
        bool shared = false; ///< a service has the memory: what is evicted here stays there
    };
    Array(Pass &pass, ufo *region, Shape shape);

    ufo *region() const { return region_; }
    std::size_t slots() const { return versions_.size(); }
    std::size_t elements() const { return shape_.words / shape_.words_per_element; }

    // By pointer.
    void load(std::size_t first, std::size_t count);
    bool fails(std::size_t slot) const; ///< a load of it ends in a signal
    void store(std::size_t first, std::size_t count);
    // By call; whole elements that hold these slots.
    void read(std::size_t first, std::size_t count);
    void write(std::size_t first, std::size_t count);
    bool touch(std::size_t first, std::size_t count);
    void evict(std::size_t first, std::size_t count);
    /// With `stored`, which says what the source holds of a word, that is compared after a success.
    using Stored = std::function<std::uint64_t(std::size_t word)>;
    bool flush(std::size_t first, std::size_t count, const Stored &stored = nullptr);
    /// Of a region whose source takes no changes: back to the beginning.
    void reset(std::size_t first, std::size_t count);
    void pin_and_use(std::size_t first, std::size_t count, bool write);
    void advise(std::size_t first, std::size_t count, ufo_advice advice);

    /// Whether it can be read within that time: a service may have to be found again first.
    bool comes_back(int milliseconds);
    /// After Pass::settle(): what had failed is asked for again, and everything is looked at.
    void recover_and_verify();
    /// That is the end of its use: the faults stop, it is looked at, and the faults go on while it is freed.
    void finish();
    void verify_stored(const Stored &stored);

  private:
    struct Versions {
        std::uint32_t oldest = 0; ///< that may be there still
        std::uint32_t newest = 0;
        std::uint32_t given = 0; ///< no number twice, also after a reset
    };
    struct Elements {
        std::size_t first = 0;
        std::size_t count = 0;
    };
    std::size_t word_of(std::size_t slot) const { return slot * shape_.stride; }
    std::uint64_t value(std::size_t word, std::uint32_t version) const;
    Elements elements_of(std::size_t first, std::size_t count) const;
    /// The slots whose words lie in whole chunks met by the elements.
    template <class Visit> void for_slots_of_chunks(Elements elements, Visit visit);
    void check(std::size_t slot, std::uint64_t seen, const char *how);
    std::uint64_t next_value(std::size_t slot);

    Pass &pass_;
    ufo *region_;
    Shape shape_;
    volatile std::uint64_t *data_;
    std::size_t chunk_elements_;
    std::vector<Versions> versions_;
};

/// Steps of all kinds in an order that the seed decides.
struct Mix {
    unsigned steps = 120;
    std::uint64_t seed = 1;
    std::size_t block = 64; ///< most slots of a step
    bool writes = true;
    bool resets = true;
    bool by_pointer = true;
    bool pins = true;
    Array::Stored stored = nullptr;
};
void mixed_steps(Array &array, const Mix &mix);

} // namespace torture
