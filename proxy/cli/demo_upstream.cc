// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/demo_upstream.h"

#include <utility>

#include <poll.h>
#include <sys/socket.h>

#include "proxy/base/bytes.h"
#include "proxy/base/thread.h"

namespace keyswap::cli {

namespace {

constexpr std::size_t kMessageBytesMax = std::size_t{64} * 1024;
constexpr int kLookForStopMs = 20;
constexpr time_t kDeadlineSeconds = 5;

std::string answer_text(std::string_view status, std::string_view body) {
  return "HTTP/1.1 " + std::string(status) +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

// With the key in it, which is good nowhere.
std::string echo_text(std::string_view credential) {
  return answer_text("200 OK\r\nConnection: close",
                     R"({"credential":")" + std::string(credential) + "\"}\n");
}

}  // namespace

base::Result<std::unique_ptr<DemoUpstream>> DemoUpstream::start(
    std::shared_ptr<const ca::Leaf> leaf, Settings settings) {
  auto listener = listen_loopback();
  if (!listener) {
    return listener.error();
  }
  auto context = tls::ServerContext::create();
  if (!context) {
    return context.error();
  }
  std::unique_ptr<DemoUpstream> made(new DemoUpstream(  // NOLINT(cppcoreguidelines-owning-memory)
      std::move(listener).value(),
      std::move(context).value(),
      std::move(leaf),
      std::move(settings)));
  auto thread = base::start_thread([raw = made.get()] { raw->serve(); });
  if (!thread) {
    return thread.error();
  }
  made->thread_ = std::move(*thread);
  return made;
}

DemoUpstream::DemoUpstream(LoopbackListener listener,
                           std::shared_ptr<const tls::ServerContext> context,
                           std::shared_ptr<const ca::Leaf> leaf,
                           Settings settings)
    : listener_(std::move(listener)),
      context_(std::move(context)),
      leaf_(std::move(leaf)),
      settings_(std::move(settings)) {}

DemoUpstream::~DemoUpstream() {
  is_stopping_ = true;
  if (thread_.joinable()) {
    thread_.join();
  }
}

std::vector<SeenRequest> DemoUpstream::seen() const {
  const std::scoped_lock lock(mutex_);
  return seen_;
}

void DemoUpstream::serve() {
  while (!is_stopping_) {
    pollfd ready{listener_.socket.descriptor(), POLLIN, 0};
    if (poll(&ready, 1, kLookForStopMs) > 0) {
      serve_connection(
          File(accept4(listener_.socket.descriptor(), nullptr, nullptr, SOCK_CLOEXEC)));
    }
  }
}

void DemoUpstream::serve_connection(File socket) {
  const timeval deadline{kDeadlineSeconds, 0};
  setsockopt(socket.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
  auto engine = tls::Engine::accept(*context_, leaf_);
  if (!engine) {
    return;
  }
  auto stream = TlsStream::open(std::move(socket), std::move(*engine));
  if (!stream) {
    return;
  }
  base::Buffer request(kMessageBytesMax);
  for (auto whole = stream->read_message(request); whole && *whole;
       whole = stream->read_message(request)) {
    const std::size_t size = message_size(request.view());
    if (!answer(*stream, request.view().substr(0, size))) {
      return;
    }
    request.consume(size);
  }
}

bool DemoUpstream::answer(TlsStream& stream, std::string_view request) {
  const std::string method(request.substr(0, request.find(' ')));
  const std::string_view rest = request.substr(std::min(method.size() + 1, request.size()));
  const std::string path(rest.substr(0, rest.find(' ')));
  constexpr std::string_view kBearer = "Bearer ";
  std::string_view credential = field_of(request, "authorization");
  SeenRequest seen{
      method + " " + path, SeenRequest::Credential::none, settings_.is_on_record(method, path)};
  if (credential.starts_with(kBearer)) {
    credential.remove_prefix(kBearer.size());
    seen.credential = base::equal_constant_time(credential, settings_.key->view())
                          ? SeenRequest::Credential::real_key
                      : credential == settings_.placeholder ? SeenRequest::Credential::placeholder
                                                            : SeenRequest::Credential::other;
  }
  const std::string echo = settings_.echoes ? echo_text(credential) : "";
  const bool is_real = seen.credential == SeenRequest::Credential::real_key;
  {
    const std::scoped_lock lock(mutex_);
    seen_.push_back(std::move(seen));
  }
  if (!echo.empty()) {
    static_cast<void>(stream.write(echo));
    return false;
  }
  return stream
      .write(is_real ? answer_text("200 OK", R"({"answer":"welcome, that is the real key"})")
                     : answer_text("401 Unauthorized", R"({"error":"that is not the real key"})"))
      .has_value();
}

}  // namespace keyswap::cli
