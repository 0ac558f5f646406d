// SPDX-License-Identifier: Apache-2.0
#include "vault/secret.h"

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>
#include <type_traits>
#include <vector>

#include <sys/resource.h>

#include "proxy/base/bounds.h"
#include "test/vault/sample.h"
#include "vault/arena.h"

namespace keyswap::vault {

namespace {

namespace bounds = base::bounds;

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};

// I1, proved by compiling: never copied, never printed, never turned into text or compared by
// accident.
static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(!std::is_copy_constructible_v<LockedBytes> &&
              !std::is_copy_assignable_v<LockedBytes>);
static_assert(!std::is_copy_constructible_v<LockedBuffer> &&
              !std::is_copy_assignable_v<LockedBuffer>);
static_assert(std::is_nothrow_move_constructible_v<Secret> &&
              std::is_nothrow_move_assignable_v<Secret>);
static_assert(!fmt::is_formattable<Secret>::value);
static_assert(!fmt::is_formattable<LockedBytes>::value);
static_assert(!fmt::is_formattable<LockedBuffer>::value);
static_assert(!Streamable<Secret> && !Streamable<LockedBytes> && !Streamable<LockedBuffer>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_constructible_v<std::string, Secret>);
static_assert(!std::is_constructible_v<Secret, std::string_view>);
static_assert(!std::equality_comparable<Secret>);
// An error has no room for one: its text is a literal.
static_assert(!std::is_constructible_v<base::Note, std::string_view>);

LockedBytes bytes_of_size(std::size_t size) {
  auto bytes = LockedBytes::of_size(size);
  REQUIRE(bytes);
  return std::move(*bytes);
}

bool is_all(const LockedBytes& bytes, char value) {
  return std::all_of(
      bytes.data(), bytes.data() + bytes.size(), [value](char c) { return c == value; });
}

struct Mapping {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  std::string flags;  // VmFlags of proc(5)
};

// The mapping that an address lies in, as the kernel sees it.
Mapping mapping_of(const void* address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  std::ifstream maps("/proc/self/smaps");
  Mapping found;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream range(line);
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    char dash = 0;
    if (range >> std::hex >> begin >> dash >> end && dash == '-') {
      found = {begin, end, {}};
    } else if (line.starts_with("VmFlags:") && found.begin <= wanted && wanted < found.end) {
      found.flags = line + " ";
      return found;
    }
  }
  return {};
}

// As an ordinary user: the superuser may lock whatever the limit says.
void become_ordinary() {
  constexpr uid_t kNobody = 65534;
  if (::geteuid() == 0) {
    static_cast<void>(::setresuid(kNobody, kNobody, kNobody));
  }
}

}  // namespace

TEST_CASE("A secret gives the bytes it was made from and none when moved from", "[I1]") {
  Secret secret = sample::secret_of("sk-live-1");
  REQUIRE(secret.reveal() == "sk-live-1");
  Secret other = std::move(secret);
  REQUIRE(other.reveal() == "sk-live-1");
  REQUIRE(secret.size() == 0);  // NOLINT(bugprone-use-after-move): what is tested
  REQUIRE(secret.reveal().empty());
  secret = std::move(other);
  REQUIRE(secret.reveal() == "sk-live-1");
  REQUIRE(other.reveal().empty());  // NOLINT(bugprone-use-after-move)
}

TEST_CASE("A secret adopts the beginning of locked bytes") {
  REQUIRE(lock_memory());
  LockedBytes bytes = bytes_of_size(16);
  std::fill_n(bytes.data(), 16, 'x');
  REQUIRE(Secret::adopt(std::move(bytes), 3).reveal() == "xxx");
}

TEST_CASE("An empty secret takes no memory") {
  const Secret secret = sample::secret_of("");
  REQUIRE(secret.size() == 0);
  REQUIRE(secret.reveal().empty());
}

TEST_CASE("Handles of one secret share its bytes, which the last of them wipes", "[I1][I10]") {
  REQUIRE(lock_memory());
  const std::size_t free_before = arena::free_bytes();
  Secret first = sample::secret_of("sk-live-5");
  const std::size_t free_with_one = arena::free_bytes();
  const char* const place = first.reveal().data();
  const Secret::Watch watch(first);
  Secret second = first.share();
  REQUIRE(arena::free_bytes() == free_with_one);
  REQUIRE(second.reveal().data() == place);
  first = {};
  REQUIRE(second.reveal() == "sk-live-5");
  REQUIRE(watch.find()->reveal().data() == place);
  second = {};
  REQUIRE(arena::free_bytes() == free_before);
  REQUIRE_FALSE(watch.find());
  const LockedBytes again = bytes_of_size(9);
  REQUIRE(again.data() == place);
  REQUIRE(is_all(again, 0));
}

TEST_CASE("Locked bytes are zero, and wiped when released", "[I1]") {
  REQUIRE(lock_memory());
  const auto size = GENERATE(as<std::size_t>(), 1, 32, 63, 64, 65, 1000, 65536, 131072);
  const char* place = nullptr;
  {
    LockedBytes bytes = bytes_of_size(size);
    REQUIRE(is_all(bytes, 0));
    std::fill_n(bytes.data(), size, 'S');
    place = bytes.data();
  }
  const LockedBytes again = bytes_of_size(size);
  REQUIRE(again.data() == place);
  REQUIRE(is_all(again, 0));
}

TEST_CASE("A moved assignment wipes and releases what was there") {
  REQUIRE(lock_memory());
  const std::size_t free_before = arena::free_bytes();
  {
    LockedBytes a = bytes_of_size(100);
    LockedBytes b = bytes_of_size(200);
    a = std::move(b);
    REQUIRE(a.size() == 200);
    LockedBytes& same = a;
    a = std::move(same);
    REQUIRE(a.size() == 200);
    REQUIRE(arena::free_bytes() == free_before - 256);
  }
  REQUIRE(arena::free_bytes() == free_before);
}

TEST_CASE("The arena has a bound, and is whole again when all is released", "[I10]") {
  REQUIRE(lock_memory());
  const std::size_t free_before = arena::free_bytes();
  REQUIRE(free_before <= arena::size());
  REQUIRE_FALSE(LockedBytes::of_size(arena::size() + 1));
  std::vector<LockedBytes> all;
  for (auto more = LockedBytes::of_size(1000); more; more = LockedBytes::of_size(1000)) {
    all.push_back(std::move(*more));
  }
  REQUIRE(all.size() == free_before / 1024);
  for (auto more = LockedBytes::of_size(1); more; more = LockedBytes::of_size(1)) {
    all.push_back(std::move(*more));
  }
  REQUIRE(arena::free_bytes() == 0);
  const auto none = LockedBytes::of_size(1);
  REQUIRE_FALSE(none);
  REQUIRE(none.error().code == base::Errc::unavailable);
  REQUIRE(Secret::copy_of("x").error().code == base::Errc::unavailable);
  all.clear();
  REQUIRE(arena::free_bytes() == free_before);
  REQUIRE(LockedBytes::of_size(arena::size() / 2));  // merged again
}

TEST_CASE("Scratch buffers of 8 loops fit beside the largest secrets") {
  REQUIRE(lock_memory());
  std::vector<LockedBuffer> buffers;
  std::vector<LockedBytes> secrets;
  for (int i = 0; i < 8; ++i) {
    auto buffer = LockedBuffer::of_capacity(bounds::kSwappedHeadBytesMax);
    REQUIRE(buffer);
    buffers.push_back(std::move(*buffer));
    secrets.push_back(bytes_of_size(bounds::kSecretBytesMax));
  }
  REQUIRE(secrets.size() == buffers.size());
}

TEST_CASE("Blocks never overlap, whatever the order of making and releasing") {
  REQUIRE(lock_memory());
  const std::size_t free_before = arena::free_bytes();
  std::minstd_rand random(7);
  std::vector<LockedBytes> held;
  std::vector<char> marks;
  for (int i = 0; i < 20'000; ++i) {
    if (held.size() > 40 || (!held.empty() && random() % 3 == 0)) {
      const std::size_t victim = random() % held.size();
      REQUIRE(is_all(held[victim], marks[victim]));
      std::swap(held[victim], held.back());
      std::swap(marks[victim], marks.back());
      held.pop_back();
      marks.pop_back();
    } else if (auto bytes = LockedBytes::of_size(1 + random() % (1U << random() % 16)); bytes) {
      const auto mark = static_cast<char>('A' + i % 50);
      REQUIRE(is_all(*bytes, 0));
      std::fill_n(bytes->data(), bytes->size(), mark);
      held.push_back(std::move(*bytes));
      marks.push_back(mark);
    }
  }
  held.clear();
  REQUIRE(arena::free_bytes() == free_before);
}

TEST_CASE("Secrets may be made and destroyed by many threads at once") {
  REQUIRE(lock_memory());
  const std::size_t free_before = arena::free_bytes();
  std::array<bool, 4> is_good{};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < is_good.size(); ++t) {
    threads.emplace_back([&is_good, t] {
      const std::string text(20 + t * 100, static_cast<char>('a' + t));
      bool good = true;
      for (int i = 0; i < 5'000; ++i) {
        const auto secret = Secret::copy_of(text);
        good = good && secret && secret->reveal() == text;
      }
      is_good.at(t) = good;
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  REQUIRE(std::ranges::count(is_good, true) == 4);
  REQUIRE(arena::free_bytes() == free_before);
}

TEST_CASE("A locked buffer takes all of a piece or nothing, and clear empties it", "[I10]") {
  REQUIRE(lock_memory());
  auto buffer = LockedBuffer::of_capacity(8);
  REQUIRE(buffer);
  REQUIRE(buffer->append("12345"));
  REQUIRE_FALSE(buffer->append("6789"));
  REQUIRE(buffer->reveal() == "12345");
  REQUIRE(buffer->append("678"));
  REQUIRE(buffer->append(""));
  REQUIRE(buffer->reveal() == "12345678");
  const char* place = buffer->reveal().data();
  buffer->clear();
  REQUIRE(buffer->size() == 0);
  REQUIRE(std::string_view(place, 8) == std::string_view("\0\0\0\0\0\0\0\0", 8));
  LockedBuffer other = std::move(*buffer);
  REQUIRE(other.append("x"));
  REQUIRE_FALSE(buffer->append("x"));  // NOLINT(bugprone-use-after-move): what is tested
}

TEST_CASE("F06 secrets are in memory that is locked, left out of dumps and emptied by fork",
          "[I1]") {
  const Secret secret = sample::secret_of("sk-live-2");
  const std::string flags = mapping_of(secret.reveal().data()).flags;
  REQUIRE(flags.find(" lo ") != std::string::npos);
  REQUIRE(flags.find(" dd ") != std::string::npos);
  REQUIRE(flags.find(" wf ") != std::string::npos);
}

TEST_CASE("F06 a forked child sees no secret and gets no memory until it locks its own", "[I1]") {
  const Secret secret = sample::secret_of("sk-live-3");
  REQUIRE(sample::in_child([&secret] {
    const std::string_view seen = secret.reveal();
    return std::ranges::all_of(seen, [](char c) { return c == 0; }) && !LockedBytes::of_size(1) &&
           lock_memory() && LockedBytes::of_size(1).has_value();
  }));
}

TEST_CASE("VA-12 F06 with RLIMIT_MEMLOCK 0 there is no memory for secrets, and an errno says why",
          "[I13]") {
  REQUIRE(lock_memory());
  REQUIRE(sample::in_child([] {
    constexpr rlimit kNothing = {0, 0};
    if (::setrlimit(RLIMIT_MEMLOCK, &kNothing) != 0) {
      return false;
    }
    become_ordinary();
    const auto refused = lock_memory();
    return !refused && refused.error().code == base::Errc::permission &&
           refused.error().number != 0 &&
           LockedBytes::of_size(1).error().code == base::Errc::unavailable;
  }));
}

TEST_CASE("VA-12 a limit below the arena's size is not enough", "[I13]") {
  REQUIRE(lock_memory());
  REQUIRE(sample::in_child([] {
    constexpr rlimit kTooLittle = {bounds::kLockedArenaBytesMin / 2,
                                   bounds::kLockedArenaBytesMin / 2};
    if (::setrlimit(RLIMIT_MEMLOCK, &kTooLittle) != 0) {
      return false;
    }
    become_ordinary();
    return !lock_memory();
  }));
}

TEST_CASE("A child that holds nothing locks as much as it may, however much its parent could") {
  REQUIRE(sample::in_child([] {
    constexpr std::size_t kMuch = 4 * bounds::kLockedArenaBytesMin;  // for whom no limit binds
    return lock_memory(kMuch).has_value() && sample::in_child([] {
             constexpr rlimit kEnough = {2 * bounds::kLockedArenaBytesMin,
                                         2 * bounds::kLockedArenaBytesMin};
             if (::setrlimit(RLIMIT_MEMLOCK, &kEnough) != 0) {
               return false;
             }
             become_ordinary();
             const auto locked = lock_memory();
             auto bytes = LockedBytes::of_size(64);
             return locked && bytes && LockedBytes::of_size(bounds::kCommandOutBytesMax + 1) &&
                    std::all_of(bytes->data(), bytes->data() + 64, [](char c) { return c == 0; });
           });
  }));
}

TEST_CASE("Reading before or behind the arena ends the process", "[I1]") {
  const Secret secret = sample::secret_of("sk-live-4");
  const Mapping arena = mapping_of(secret.reveal().data());
  REQUIRE(arena.end - arena.begin == arena::size());
  const auto outside = GENERATE_COPY(arena.begin - 1, arena.end);
  const std::ptrdiff_t distance =
      static_cast<std::ptrdiff_t>(outside) -
      static_cast<std::ptrdiff_t>(reinterpret_cast<std::uintptr_t>(secret.reveal().data()));
  REQUIRE_FALSE(sample::in_child([&] {
    static_cast<void>(std::freopen("/dev/null", "w", stderr));  // a sanitizer's report
    const volatile char* place = secret.reveal().data() + distance;
    static_cast<void>(*place);
    return true;
  }));
}

}  // namespace keyswap::vault
