// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/users.h"

#include <cerrno>
#include <cstddef>
#include <vector>

#include <pwd.h>

namespace keyswap::base {

namespace {

// An entry of the database that is longer is not one that a person made.
constexpr std::size_t kEntryBytesMin = 1024;
constexpr std::size_t kEntryBytesMax = std::size_t{64} * 1024;

// Calls `look_up(entry, room, size, &found)` with ever more room. Nothing: there is no such user.
template <typename LookUp, typename Use>
auto find_user(LookUp look_up, Use use) -> std::optional<decltype(use(passwd{}))> {
  for (std::size_t size = kEntryBytesMin; size <= kEntryBytesMax; size *= 2) {
    std::vector<char> room(size);
    passwd entry{};
    passwd* found = nullptr;
    const int failure = look_up(&entry, room.data(), room.size(), &found);
    if (failure == 0 && found != nullptr) {
      return use(entry);
    }
    if (failure != ERANGE) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint32_t> user_number(const std::string& name) {
  return find_user(
      [&name](passwd* entry, char* room, std::size_t size, passwd** found) {
        return ::getpwnam_r(name.c_str(), entry, room, size, found);
      },
      [](const passwd& entry) { return static_cast<std::uint32_t>(entry.pw_uid); });
}

std::string user_text(std::uint32_t number) {
  const auto name = find_user(
      [number](passwd* entry, char* room, std::size_t size, passwd** found) {
        return ::getpwuid_r(number, entry, room, size, found);
      },
      [](const passwd& entry) { return std::string(entry.pw_name); });
  return name ? *name + " (" + std::to_string(number) + ")" : std::to_string(number);
}

}  // namespace keyswap::base
