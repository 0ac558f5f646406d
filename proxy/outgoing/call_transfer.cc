// SPDX-License-Identifier: Apache-2.0
#include "proxy/outgoing/call_transfer.h"

#include <algorithm>
#include <array>
#include <curl/curl.h>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"

namespace keyswap::outgoing {

namespace {

using base::Errc;
using base::Error;
using Taken = CallAnswerReader::Taken;

// With what libcurl adds a block of 16 KiB of locked memory.
constexpr long kReadBytes = 15L * 1024;
// The least that libcurl takes; by itself it takes 64 KiB.
constexpr long kWriteBytes = 16L * 1024;

// What libcurl would send by itself where the call says nothing.
constexpr std::array<std::string_view, 3> kUnwanted = {"accept", "content-type", "expect"};

void free_lines(void* lines) {
  ::curl_slist_free_all(static_cast<curl_slist*>(lines));
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

// One line of a head, and no more than one.
bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7f;
  });
}

std::string_view text_of(const std::variant<std::string, vault::Secret>& value) {
  const auto* const secret = std::get_if<vault::Secret>(&value);
  return secret != nullptr ? secret->reveal() : std::string_view(std::get<std::string>(value));
}

bool has_field(const vault::Call& call, std::string_view name) {
  return std::ranges::any_of(call.fields, [name](const vault::CallField& field) {
    return base::equal_ignoring_case(field.name, name);
  });
}

Error no_room() {
  return {Errc::unavailable, "no locked memory for a call"};
}

// Sets options until one is not taken.
class Options {
 public:
  explicit Options(void* handle) : handle_(handle) {}

  template <typename Value>
  Options& set(CURLoption option, Value value) {
    if (code_ == CURLE_OK) {
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): libcurl's only way
      code_ = ::curl_easy_setopt(handle_, option, value);
    }
    return *this;
  }

  [[nodiscard]] base::Status taken() const {
    if (code_ == CURLE_OUT_OF_MEMORY) {
      return no_room();
    }
    if (code_ != CURLE_OK) {
      return Error{Errc::unavailable, "the library for calls of ours refuses a setting", code_};
    }
    return {};
  }

 private:
  void* handle_;
  CURLcode code_ = CURLE_OK;
};

// Its text is the canonical one, as the guard's is. "" for what is no address of the internet.
uv::Endpoint endpoint_of(const curl_sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const sockaddr* const plain = &address.addr;
  if (address.family == AF_INET) {
    const auto* const v4 = reinterpret_cast<const sockaddr_in*>(plain);
    ::inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
    return {text.data(), ntohs(v4->sin_port)};
  }
  if (address.family == AF_INET6) {
    const auto* const v6 = reinterpret_cast<const sockaddr_in6*>(plain);
    ::inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
    return {text.data(), ntohs(v6->sin6_port)};
  }
  return {};
}

std::string in_brackets(const http::Authority& authority) {
  return authority.kind == http::HostKind::ipv6 ? "[" + authority.host + "]" : authority.host;
}

Error error_of(int code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return {Errc::timed_out, "a source did not answer in time"};
    case CURLE_OUT_OF_MEMORY:
      return no_room();
    case CURLE_FILESIZE_EXCEEDED:
      return {Errc::limit_exceeded, "a source answers with more than may be read"};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ISSUER_ERROR:
      return {Errc::tls, "a source does not prove who it is", code};
    default:
      return {Errc::network, "a source cannot be reached, or breaks off", code};
  }
}

}  // namespace

// --- the request ---

void CallRequest::FreeLines::operator()(void* lines) const {
  free_lines(lines);
}

base::Result<CallRequest> CallRequest::of(const vault::Call& call) {
  CallRequest request;
  if (!is_token(call.method) || call.method == "HEAD") {
    return Error{Errc::invalid_input, "not a method of a call"};
  }
  request.method_ = call.method;
  request.body_ = call.body.share();
  request.answer_bytes_max_ = call.answer_bytes_max;
  request.is_spending_ = call.is_spending;
  for (const vault::CallField& field : call.fields) {
    const std::string_view value = text_of(field.value);
    if (!is_token(field.name) || !is_field_value(value)) {
      return Error{Errc::invalid_input, "not a field of a call"};
    }
    if (const auto added = request.add_line(field.name, value); !added) {
      return added.error();
    }
  }
  if (const auto added = request.add_defaults(call); !added) {
    return added.error();
  }
  return request;
}

// "Name: value"; an empty value is "Name;" there.
base::Status CallRequest::add_line(std::string_view name, std::string_view value) {
  auto line = vault::LockedBuffer::of_capacity(name.size() + value.size() + 3);
  if (!line) {
    return line.error();
  }
  const bool is_whole = line->append(name) && line->append(value.empty() ? ";" : ": ") &&
                        line->append(value) && line->append(std::string_view("\0", 1));
  // It copies the line, into locked memory.
  auto* const longer =
      ::curl_slist_append(static_cast<curl_slist*>(lines_.get()), line->reveal().data());
  if (!is_whole || longer == nullptr) {
    return no_room();
  }
  static_cast<void>(lines_.release());
  lines_.reset(longer);
  return {};
}

base::Status CallRequest::add_defaults(const vault::Call& call) {
  auto* lines = static_cast<curl_slist*>(lines_.release());
  for (const std::string_view name : kUnwanted) {
    if (has_field(call, name)) {
      continue;
    }
    auto* const longer = ::curl_slist_append(lines, (std::string(name) + ":").c_str());
    if (longer == nullptr) {
      lines_.reset(lines);
      return no_room();
    }
    lines = longer;
  }
  lines_.reset(lines);
  // Some refuse a request without it (docs.github.com, "Getting started with the REST API").
  return has_field(call, "user-agent") ? base::Status()
                                       : add_line("User-Agent", "keyswap/" KEYSWAP_VERSION);
}

// --- what libcurl asks and tells ---

struct CallTransfer::Callbacks {
  static CallTransfer& of(void* transfer) { return *static_cast<CallTransfer*>(transfer); }

  static std::size_t on_head(char* bytes,
                             std::size_t size,
                             std::size_t count,
                             void* transfer) noexcept {
    CallTransfer& self = of(transfer);
    self.taken_ = self.answer_->head_line({bytes, size * count});
    return self.taken_ == Taken::yes ? size * count : 0;
  }

  static std::size_t on_body(char* bytes,
                             std::size_t size,
                             std::size_t count,
                             void* transfer) noexcept {
    CallTransfer& self = of(transfer);
    self.taken_ = self.answer_->body({bytes, size * count});
    return self.taken_ == Taken::yes ? size * count : 0;
  }

  // Whatever it believes a name to be, only what was judged is dialled.
  static curl_socket_t open_socket(void* transfer,
                                   curlsocktype /*purpose*/,
                                   curl_sockaddr* address) noexcept {
    CallTransfer& self = of(transfer);
    if (!self.guard_->may_dial(endpoint_of(*address))) {
      self.was_refused_ = true;
      return CURL_SOCKET_BAD;
    }
    return ::socket(address->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  }

  // It has every address that it needs. To look one up it would start a thread.
  static int begin_lookup(void* /*resolver*/, void* /*reserved*/, void* transfer) noexcept {
    CallTransfer& self = of(transfer);
    if (self.guard_->dialled().kind != http::HostKind::name) {
      return 0;  // a literal needs none
    }
    self.was_refused_ = true;
    return 1;
  }

  // The connection is there, TLS is done: the request comes next.
  static int before_request(void* transfer,
                            char* /*address*/,
                            char* /*own_address*/,
                            int /*port*/,
                            int /*own_port*/) noexcept {
    of(transfer).was_sent_ = true;
    return CURL_PREREQFUNC_OK;
  }

  static CURLcode make_tls_ours(CURL* /*handle*/, void* context, void* transfer) noexcept {
    CallTransfer& self = of(transfer);
    const http::Authority& authority = self.guard_->authority();
    const bool is_ip = authority.kind != http::HostKind::name;
    return tls::make_verifying(*self.tls_, authority.host, is_ip, static_cast<ssl_ctx_st*>(context))
               ? CURLE_OK
               : CURLE_SSL_CERTPROBLEM;
  }
};

// --- the transfer ---

CallTransfer::CallTransfer(const CallRequest& request,
                           const CallGuard& guard,
                           const tls::ClientContext& tls,
                           void* handle)
    : request_(&request),
      guard_(&guard),
      tls_(&tls),
      handle_(handle),
      pinned_(nullptr, free_lines),
      ways_(nullptr, free_lines) {}

CallTransfer::~CallTransfer() {
  ::curl_easy_cleanup(handle_);
}

base::Result<std::unique_ptr<CallTransfer>> CallTransfer::create(const CallRequest& request,
                                                                 const CallGuard& guard,
                                                                 const tls::ClientContext& tls,
                                                                 void* owner) {
  void* const handle = ::curl_easy_init();
  if (handle == nullptr) {
    return no_room();
  }
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): the constructor is private to create()
  std::unique_ptr<CallTransfer> made(new CallTransfer(request, guard, tls, handle));
  for (const auto& said : {made->say_where(), made->say_what(), made->say_how(owner)}) {
    if (!said) {
      return said.error();
    }
  }
  return made;
}

base::Status CallTransfer::say_where() {
  const http::Authority& dialled = guard_->dialled();
  const bool is_elsewhere = !guard_->is_by_proxy() && dialled != guard_->authority();
  Options options(handle_);
  options.set(CURLOPT_URL, guard_->url().c_str())
      .set(CURLOPT_PATH_AS_IS, 1L)
      .set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L)
      .set(CURLOPT_PROTOCOLS_STR, guard_->is_https() ? "https" : "http")
      .set(CURLOPT_FOLLOWLOCATION, 0L);
  // "" is none, whatever the environment names.
  const std::string proxy = "http://" + in_brackets(dialled) + ":" + std::to_string(dialled.port);
  options.set(CURLOPT_PROXY, guard_->is_by_proxy() ? proxy.c_str() : "")
      .set(CURLOPT_NOPROXY, guard_->is_by_proxy() ? "" : "*")
      .set(CURLOPT_HTTPPROXYTUNNEL, guard_->is_by_proxy() ? 1L : 0L)
      .set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (dialled.kind == http::HostKind::name) {
    // "+": forgotten after a while.
    std::string pinned = "+" + dialled.host + ":" + std::to_string(dialled.port) + ":";
    for (const std::string& address : guard_->addresses()) {
      pinned += (pinned.ends_with(':') ? "" : ",") + address;
    }
    pinned_.reset(::curl_slist_append(nullptr, pinned.c_str()));
    options.set(CURLOPT_RESOLVE, pinned_.get());
  }
  if (is_elsewhere) {
    const std::string way = in_brackets(guard_->authority()) + ":" +
                            std::to_string(guard_->authority().port) + ":" + in_brackets(dialled) +
                            ":" + std::to_string(dialled.port);
    ways_.reset(::curl_slist_append(nullptr, way.c_str()));
    options.set(CURLOPT_CONNECT_TO, ways_.get());
  }
  const bool is_whole = (dialled.kind != http::HostKind::name || pinned_ != nullptr) &&
                        (!is_elsewhere || ways_ != nullptr);
  return is_whole ? options.taken() : no_room();
}

base::Status CallTransfer::say_what() {
  const std::string_view body = request_->body().reveal();
  const std::string& method = request_->method();
  Options options(handle_);
  if (method == "GET" && body.empty()) {
    options.set(CURLOPT_HTTPGET, 1L);
  } else {
    // It reads the body where it lies.
    options.set(CURLOPT_POST, 1L)
        .set(CURLOPT_POSTFIELDS, body.empty() ? "" : body.data())
        .set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  }
  options.set(CURLOPT_CUSTOMREQUEST, method.c_str())
      .set(CURLOPT_HTTPHEADER, request_->lines())
      .set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request_->answer_bytes_max()));
  return options.taken();
}

base::Status CallTransfer::say_how(void* owner) {
  Options options(handle_);
  options.set(CURLOPT_PRIVATE, owner)
      .set(CURLOPT_NOSIGNAL, 1L)
      .set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1))
      .set(CURLOPT_BUFFERSIZE, kReadBytes)
      .set(CURLOPT_UPLOAD_BUFFERSIZE, kWriteBytes)
      // A connection stands for the roots and the guard of one call: no other goes over it.
      .set(CURLOPT_FRESH_CONNECT, 1L)
      .set(CURLOPT_FORBID_REUSE, 1L)
      .set(CURLOPT_SSL_SESSIONID_CACHE, 0L)
      .set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2))
      .set(CURLOPT_SSL_VERIFYPEER, 1L)
      .set(CURLOPT_SSL_VERIFYHOST, 2L)
      // The roots are the policy's: make_tls_ours.
      .set(CURLOPT_CAINFO, static_cast<const char*>(nullptr))
      .set(CURLOPT_CAPATH, static_cast<const char*>(nullptr))
      // Up to 8.2 libcurl takes the store of roots that make_tls_ours puts there for its own: it
      // would keep it for calls of the next policy, and change what upstreams are verified by.
      .set(CURLOPT_CA_CACHE_TIMEOUT, 0L)
      .set(CURLOPT_SSL_OPTIONS, static_cast<long>(CURLSSLOPT_NO_PARTIALCHAIN))
      .set(CURLOPT_SSL_CTX_FUNCTION, &Callbacks::make_tls_ours)
      .set(CURLOPT_SSL_CTX_DATA, static_cast<void*>(this))
      .set(CURLOPT_OPENSOCKETFUNCTION, &Callbacks::open_socket)
      .set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this))
      .set(CURLOPT_RESOLVER_START_FUNCTION, &Callbacks::begin_lookup)
      .set(CURLOPT_RESOLVER_START_DATA, static_cast<void*>(this))
      .set(CURLOPT_PREREQFUNCTION, &Callbacks::before_request)
      .set(CURLOPT_PREREQDATA, static_cast<void*>(this))
      .set(CURLOPT_HEADERFUNCTION, &Callbacks::on_head)
      .set(CURLOPT_HEADERDATA, static_cast<void*>(this))
      .set(CURLOPT_WRITEFUNCTION, &Callbacks::on_body)
      .set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  return options.taken();
}

base::Status CallTransfer::prepare(std::int64_t wait_ms, std::int64_t now_s) {
  answer_ = std::make_unique<CallAnswerReader>(request_->answer_bytes_max(), now_s);
  taken_ = Taken::yes;
  was_refused_ = false;
  was_sent_ = false;
  Options options(handle_);
  options.set(CURLOPT_TIMEOUT_MS, static_cast<long>(wait_ms))
      .set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(wait_ms));
  return options.taken();
}

vault::Answer CallTransfer::outcome(int code) {
  if (taken_ == Taken::no_room) {
    return no_room();
  }
  if (taken_ == Taken::too_much) {
    return error_of(CURLE_FILESIZE_EXCEEDED);
  }
  if (was_refused_ && code != CURLE_OK) {
    return Error{Errc::permission, "a call would have gone where nobody judged"};
  }
  if (code != CURLE_OK) {
    return error_of(code);
  }
  return answer_->take();
}

void* CallTransfer::owner_of(void* handle) {
  char* owner = nullptr;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): libcurl's only way
  static_cast<void>(::curl_easy_getinfo(handle, CURLINFO_PRIVATE, &owner));
  return owner;
}

}  // namespace keyswap::outgoing
