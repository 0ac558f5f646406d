// SPDX-License-Identifier: Apache-2.0
//
// keyswap audit forward: sends each record on to the journal or to syslog, and goes on from where
// it stopped. A process of its own, so that serving needs no further rights for it.
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include <sys/socket.h>
#include <sys/un.h>

#include "proxy/base/clock.h"
#include "proxy/cli/audit.h"
#include "proxy/cli/audit_filter.h"
#include "proxy/cli/audit_follow.h"
#include "proxy/cli/audit_message.h"
#include "proxy/cli/audit_place_file.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/files.h"
#include "proxy/cli/options.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr std::size_t kKeepAfterRecords = 1000;
constexpr const char* kExample =
    "keyswap audit forward --to journal --cursor /var/lib/keyswap-audit/journal";

struct ForwardOptions {
  LogOptions log;
  FilterOptions chosen;
  std::string to;
  std::string socket;  // "" the usual one
  std::string cursor;
  bool stops = false;

  [[nodiscard]] bool is_journal() const { return to == "journal"; }

  [[nodiscard]] std::string path() const {
    if (!socket.empty()) {
      return socket;
    }
    return is_journal() ? "/run/systemd/journal/socket" : "/dev/log";
  }
};

// Sends datagrams; waits while the other side is slow. One that was started anew is found again.
class Receiver {
 public:
  explicit Receiver(std::string path) : path_(std::move(path)) {}

  Problem send(const std::string& message) {
    if (try_send(message) || (connect() && try_send(message))) {
      return std::nullopt;
    }
    return Failure{Exit::cannot,
                   "cannot send to " + path_ + ": " + explain_errno(errno),
                   "is it running? what was not sent is sent after the next start"};
  }

 private:
  // False with errno.
  bool connect() {
    sockaddr_un address{};
    if (path_.size() >= sizeof(address.sun_path)) {
      errno = ENAMETOOLONG;
      return false;
    }
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    socket_ = File(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    return socket_.is_open() && ::connect(socket_.descriptor(),
                                          reinterpret_cast<const sockaddr*>(&address),
                                          sizeof(address)) == 0;
  }

  bool try_send(const std::string& message) {
    ssize_t sent = -1;
    do {
      sent = ::send(socket_.descriptor(), message.data(), message.size(), MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent >= 0;
  }

  std::string path_;
  File socket_;
};

std::string local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%b %e %H:%M:%S", &parts);
  return {text.data(), size};
}

class Forwarder {
 public:
  Forwarder(const ForwardOptions& options, const std::string& folder, PlaceFile& kept)
      : options_(options),
        kept_(kept),
        follower_(folder, kept.place()),
        receiver_(options.path()) {}

  // All that is there now; the place is kept behind what was sent, also if the rest failed.
  Problem send_new() {
    auto failed = follower_.read([this](std::string_view line) { return take(line); });
    auto not_kept = kept_.keep(follower_.place());
    return failed ? failed : not_kept;
  }

 private:
  Problem take(std::string_view line) {
    if (++since_kept_ >= kKeepAfterRecords) {
      since_kept_ = 0;
      if (auto problem = kept_.keep(follower_.place())) {
        return problem;
      }
    }
    const LineFilter& filter = options_.chosen.filter;
    if (!filter.wants_all() && !matches(filter, line)) {
      return std::nullopt;
    }
    return receiver_.send(options_.is_journal() ? journal_message(line)
                                                : syslog_message(line, local_time()));
  }

  const ForwardOptions& options_;
  PlaceFile& kept_;
  LogFollower follower_;
  Receiver receiver_;
  std::size_t since_kept_ = 0;
};

Problem forward(const ForwardOptions& options) {
  auto folder = log_folder(options.log);
  if (!folder) {
    return folder.failure();
  }
  auto kept = PlaceFile::open(options.cursor, folder.value());
  if (!kept) {
    return kept.failure();
  }
  Forwarder forwarder(options, folder.value(), kept.value());
  return follow_folder(
      folder.value(), options.stops, [&forwarder] { return forwarder.send_new(); });
}

}  // namespace

int run_audit_forward(const Arguments& arguments) {
  ForwardOptions options;
  CommandLine app(
      "Sends each record of the audit log to the journal or to syslog, with its fields, and waits\n"
      "for more. It goes on from where it stopped; after a crash, at most the last 1000 records "
      "are\n"
      "sent once more.",
      "keyswap audit forward");
  app.add_option("--to", options.to, "who takes them")
      ->type_name("journal|syslog")
      ->required()
      ->one_of({"journal", "syslog"});
  app.add_option("--socket", options.socket, "where it listens (default: where it usually does)")
      ->type_name("PATH");
  add_cursor_option(app, options.cursor);
  app.add_flag("--no-follow", options.stops, "stop after those that are there");
  add_filter_options(app, options.chosen);
  add_folder_options(app, options.log);
  if (const auto status = parse_arguments(app, arguments, kExample)) {
    return *status;
  }
  if (auto problem = settle_filter(options.chosen, base::SystemClock().wall_us())) {
    return report(*problem);
  }
  const auto problem = forward(options);
  return problem ? report(*problem) : static_cast<int>(Exit::done);
}

}  // namespace keyswap::cli
