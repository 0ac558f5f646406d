// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/serve_lock.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <iterator>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace keyswap::cli {

namespace {

using Json = nlohmann::json;
using nlohmann::ordered_json;

// With bounds::kTroublesMax of each kind.
constexpr std::size_t kTextBytesMax = std::size_t{64} * 1024;
constexpr std::chrono::milliseconds kLookAgain{20};

struct flock byte_lock(ServeLock::Byte byte, ServeLock::Kind kind) {
  struct flock lock {};

  lock.l_type = static_cast<short>(kind == ServeLock::Kind::shared ? F_RDLCK : F_WRLCK);
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(byte);
  lock.l_len = 1;
  return lock;
}

std::string text_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint64_t number_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

// One that may be below 0.
std::int64_t signed_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

// The objects of a list; none if there is no such list.
std::vector<Json> objects_of(const Json& json, const char* key) {
  std::vector<Json> objects;
  const auto found = json.find(key);
  if (found != json.end() && found->is_array()) {
    std::ranges::copy_if(
        *found, std::back_inserter(objects), [](const Json& one) { return one.is_object(); });
  }
  return objects;
}

void write_troubles(const net::Troubles& troubles, ordered_json& json) {
  for (const net::TroubledSource& one : troubles.sources) {
    json["sources"].push_back({{"id", one.id},
                               {"outcome", one.outage.outcome},
                               {"needs_login", one.outage.needs_login},
                               {"since", one.outage.since_s},
                               {"next_try", one.outage.next_try_s}});
  }
  for (const net::ClockApart& one : troubles.clocks) {
    json["clocks"].push_back({{"upstream", one.upstream}, {"offset", one.offset_s}});
  }
  if (troubles.more > 0) {
    json["more"] = troubles.more;
  }
}

net::Troubles read_troubles(const Json& json) {
  net::Troubles troubles;
  for (const Json& one : objects_of(json, "sources")) {
    const auto needs_login = one.find("needs_login");
    troubles.sources.push_back({text_of(one, "id"),
                                {.outcome = text_of(one, "outcome"),
                                 .needs_login = needs_login != one.end() && *needs_login == true,
                                 .since_s = signed_of(one, "since"),
                                 .next_try_s = signed_of(one, "next_try")}});
  }
  for (const Json& one : objects_of(json, "clocks")) {
    troubles.clocks.push_back({text_of(one, "upstream"), signed_of(one, "offset")});
  }
  troubles.more = number_of(json, "more");
  return troubles;
}

}  // namespace

Outcome<std::optional<ServeLock>> ServeLock::take(const Home& home,
                                                  Byte byte,
                                                  Kind kind,
                                                  Wait wait) {
  File file(open(home.serve_lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) {
    return Failure{Exit::cannot,
                   "cannot open " + home.serve_lock() + ": " + explain_errno(errno),
                   "check the home's modes and the disk"};
  }

  // Its text is replaced: that of another file would be lost.
  struct stat found {};

  if (fstat(file.descriptor(), &found) != 0 || !S_ISREG(found.st_mode) || found.st_nlink > 1) {
    return Failure{Exit::cannot,
                   home.serve_lock() + " is no file of its own: it has another name, too",
                   "remove it"};
  }
  struct flock lock = byte_lock(byte, kind);
  const int command = wait == Wait::yes ? F_OFD_SETLKW : F_OFD_SETLK;
  while (fcntl(file.descriptor(), command, &lock) != 0) {
    if (errno == EAGAIN || errno == EACCES) {
      return std::optional<ServeLock>();
    }
    if (errno != EINTR) {
      return Failure{Exit::cannot,
                     "cannot lock " + home.serve_lock() + ": " + explain_errno(errno),
                     "keep the home on a local disk"};
    }
  }
  return std::optional<ServeLock>(ServeLock(std::move(file)));
}

bool ServeLock::is_held(const Home& home, Byte byte, Kind kind) {
  const File file(open(home.serve_lock().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  struct flock lock = byte_lock(byte, kind);
  return file.is_open() && fcntl(file.descriptor(), F_OFD_GETLK, &lock) == 0 &&
         lock.l_type != F_UNLCK;
}

Problem ServeLock::announce(const RunningProxy& proxy) {
  return write_text(encode_running(proxy));
}

bool ServeLock::is_in_place(const Home& home) const {
  struct stat ours {};

  struct stat there {};

  return fstat(file_.descriptor(), &ours) == 0 && lstat(home.serve_lock().c_str(), &there) == 0 &&
         ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

Problem ServeLock::keep_in_place(const Home& home) {
  if (is_in_place(home)) {
    is_told_ = false;
    return std::nullopt;
  }
  auto fresh = take(home, Byte::serving, Kind::exclusive, Wait::no);
  if (fresh && fresh.value() && !fresh.value()->write_text(text())) {
    file_ = std::move(fresh.value()->file_);
    return std::nullopt;
  }
  if (std::exchange(is_told_, true)) {
    return std::nullopt;
  }
  return Failure{Exit::cannot,
                 "serve.lock was removed or replaced, and cannot be taken anew: `run` and `env` do "
                 "not find this proxy",
                 "end what holds " + home.serve_lock() + ", or remove it"};
}

std::string ServeLock::text() const {
  std::string text(kTextBytesMax, '\0');
  const ssize_t size = pread(file_.descriptor(), text.data(), text.size(), 0);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

Problem ServeLock::write_text(const std::string& text) {
  // One line, written at once; what is longer of the one before it is cut off behind it, and does
  // not count meanwhile.
  const auto size = static_cast<ssize_t>(text.size());
  if (pwrite(file_.descriptor(), text.data(), text.size(), 0) != size ||
      ftruncate(file_.descriptor(), size) != 0) {
    return Failure{
        Exit::cannot, "cannot write serve.lock: " + explain_errno(errno), "make room on the disk"};
  }
  return std::nullopt;
}

std::string encode_running(const RunningProxy& proxy) {
  ordered_json json;
  json["event"] = proxy.address.empty() ? "starting" : "ready";
  json["proxy"] = proxy.address;
  json["bindings"] = proxy.bindings;
  if (!proxy.audit.empty()) {
    json["audit"] = proxy.audit;
  }
  json["pid"] = proxy.pid;
  json["reloads_begun"] = proxy.reloads.begun;
  json["reloads_done"] = proxy.reloads.done;
  if (!proxy.reloads.refused.empty()) {
    json["refused"] = proxy.reloads.refused;
    json["hint"] = proxy.reloads.hint;
  }
  if (!proxy.listen.empty()) {
    json["listen"] = proxy.listen;
  }
  if (!proxy.manage.empty()) {
    json["manage"] = proxy.manage;
  }
  write_troubles(proxy.troubles, json);
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::optional<RunningProxy> decode_running(const std::string& text) {
  const std::string line = text.substr(0, text.find('\n'));
  const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("pid") || !json["pid"].is_number_integer()) {
    return std::nullopt;
  }
  RunningProxy proxy{json["pid"].get<pid_t>(),
                     text_of(json, "proxy"),
                     text_of(json, "bindings"),
                     {number_of(json, "reloads_begun"),
                      number_of(json, "reloads_done"),
                      text_of(json, "refused"),
                      text_of(json, "hint")}};
  proxy.manage = text_of(json, "manage");
  proxy.audit = text_of(json, "audit");
  proxy.troubles = read_troubles(json);
  if (const auto listen = json.find("listen"); listen != json.end() && listen->is_array()) {
    for (const auto& address : *listen) {
      proxy.listen.push_back(address.is_string() ? address.get<std::string>() : "");
    }
  }
  return proxy;
}

std::optional<RunningProxy> read_announced(const Home& home) {
  const auto text = read_file(home.serve_lock(), kTextBytesMax);
  return text ? decode_running(*text) : std::nullopt;
}

std::optional<RunningProxy> find_running(const Home& home) {
  if (!ServeLock::is_held(home, ServeLock::Byte::serving, ServeLock::Kind::exclusive)) {
    return std::nullopt;
  }
  // It holds the lock and has not said more yet: starting.
  return read_announced(home).value_or(RunningProxy{});
}

std::optional<RunningProxy> find_ready(const Home& home, int wait_ms) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
  for (;;) {
    auto running = find_running(home);
    if (!running || !running->address.empty()) {
      return running;
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return std::nullopt;
    }
    std::this_thread::sleep_for(kLookAgain);
  }
}

}  // namespace keyswap::cli
