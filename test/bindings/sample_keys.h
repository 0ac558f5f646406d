// SPDX-License-Identifier: Apache-2.0
//
// Private keys made for the tests, with openssl genpkey and openssl ecparam. They open nothing.
#pragma once

#include <string_view>

namespace keyswap::bindings::test {

// The key of the FIX document of Binance, which prints its signature too.
inline constexpr std::string_view kEd25519Key =
    "MC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u";

inline constexpr std::string_view kRsaKey =
    R"(-----BEGIN PRIVATE KEY-----
MIIEuwIBADANBgkqhkiG9w0BAQEFAASCBKUwggShAgEAAoIBAQCkNDAT0SPo+EIf
dhiJ0vDKWpUsWKC5ReFm5X6f9inbTENJkW2KKJn0oMZt6e3Jjh3NKhgJmFzTjcd+
CAVr2l5aB/zt2T6XuEKMhy1sSlet2l+UEx/23mIjcT3nYltAyCiPS5bSMUivPRq7
gMHgS1v6Tq1riV0H6Rh4tiAUaoGC8vtX7agcIrm7/5HGNpPs8tIH3psQRWDo+UcN
cX/wn8mFeyv0Fq/4o2lMpFxUoy+CjeQNcD/tQfFiYzAJwAXlVmpsrViFY/YCH4Rw
XrWVmE1ZJmu3CXkKJAXPIYI1HNY+cbPZwq9NQXmxWTdyJsX4E1p3bTIRL3yQ1jNs
5ejbrjQDAgMBAAECggEAEblYXys59xGlAYRbzbSpLQ5t/6VpY9Y5KEQpUNbfWb53
nN9HtZwAUjlwcbjIY/MlIFok0hRSILuzBtWS0Dt357vo/ztt2C6ZcFW+/2te33Ms
0ezmjF0gtraoeetR8kIorp74HqQXNmMgGZEiXDWGLhSD/5GKKypr68us1sdQR3QK
ix7HIk8SS8RsPXoo2on/RXqcMkeF8tVGXZT/kic/JcrbpvJqW8pUxeYaX/+oh9wN
bdQ0XjDBrPoMw9JDGV/6UdnTXAYG7ZfN/fBXxx+PhyBrx1ZgK5jI51Bjr+v9UCU1
sRYvuH0LpFmiWADvhWpP8phtVyVN8Vm54b1mHBT6IQKBgQDR9jNAxV1BwPLneU/n
FPbUzS7PrwexSkRGp8PzhA65ToIJFTteUMyOk5yUQPAIXC51j02+4h/noeryf0BG
4CyCMYpnAdKuzHWnqlWrMYx1gxnaceTvHoJ6W+1VYs0lDyou0V4G9i7mG7x9s7yn
aXcMNOX5eQv0NsG9M8s/Ymd7iwKBgQDINXUhBVbIAAR8fSmc0quDExmx3uYZyQD0
bIEjpt+eU7T5+/M6j0c8kbKVQ5zXaDckmW83o1//jmTsxaq0id2PSPST71ww29D2
HXSaqK8tEnyAxtaIi9c7G29qjGf3Yt2jDw5tLuANWHqu0+/Rdkw05RMzsCUV5iSO
tMBXDeaYaQJ/XlE6tN30BpWmiFT2j9fbCb0iSilWS04RXav/WmT4OEYMJAhlovio
62Nj8zU4nojKVgUJ57Wsn2EdKdIADdamJ9YZVix7eApgz/C0izK25hL+iiKftMr/
0fd5peG8RemKCX4DvxzX9IaBJfaXyJyX3ePlayv1Mr9mSJf7tX1+/wKBgCYc5xtO
JOMV/cSlHxLXmAbvz+hogm1OMnxVW5Ap6E//p2gfaoIvXGRPaCu6H1VyZWz2OJHi
7Bd+SAA68PBFfoQUY1r2Khqy/eicWuJGUnLGHiV1tMlxtZtu8Zra97/EdmTgLOLk
FYr02QYHGpRJbOB0617fnW+5zCPOjP8FimxhAoGBAJ3jBi4hKzTqGZ5lp9Cg/+rE
wrprNseHlGYHhaXZTQ9J10E5eW6N5aRGNIEoqbvhLK1Y+Q66LdGcaz16nrOmTadH
deQSbauUQ/jiLLGM329tg0KjJXZiTgfGJeV8i8jyABslNHOAyUqk3Ml1iyej6rQU
Vwz45spgsp2X6gV1dLDd
-----END PRIVATE KEY-----
)";

// The same one, in the traditional form.
inline constexpr std::string_view kRsaKeyTraditional =
    R"(-----BEGIN RSA PRIVATE KEY-----
MIIEoQIBAAKCAQEApDQwE9Ej6PhCH3YYidLwylqVLFiguUXhZuV+n/Yp20xDSZFt
iiiZ9KDGbentyY4dzSoYCZhc043HfggFa9peWgf87dk+l7hCjIctbEpXrdpflBMf
9t5iI3E952JbQMgoj0uW0jFIrz0au4DB4Etb+k6ta4ldB+kYeLYgFGqBgvL7V+2o
HCK5u/+RxjaT7PLSB96bEEVg6PlHDXF/8J/JhXsr9Bav+KNpTKRcVKMvgo3kDXA/
7UHxYmMwCcAF5VZqbK1YhWP2Ah+EcF61lZhNWSZrtwl5CiQFzyGCNRzWPnGz2cKv
TUF5sVk3cibF+BNad20yES98kNYzbOXo2640AwIDAQABAoIBABG5WF8rOfcRpQGE
W820qS0Obf+laWPWOShEKVDW31m+d5zfR7WcAFI5cHG4yGPzJSBaJNIUUiC7swbV
ktA7d+e76P87bdgumXBVvv9rXt9zLNHs5oxdILa2qHnrUfJCKK6e+B6kFzZjIBmR
Ilw1hi4Ug/+Riisqa+vLrNbHUEd0CosexyJPEkvEbD16KNqJ/0V6nDJHhfLVRl2U
/5InPyXK26byalvKVMXmGl//qIfcDW3UNF4wwaz6DMPSQxlf+lHZ01wGBu2Xzf3w
V8cfj4cga8dWYCuYyOdQY6/r/VAlNbEWL7h9C6RZolgA74VqT/KYbVclTfFZueG9
ZhwU+iECgYEA0fYzQMVdQcDy53lP5xT21M0uz68HsUpERqfD84QOuU6CCRU7XlDM
jpOclEDwCFwudY9NvuIf56Hq8n9ARuAsgjGKZwHSrsx1p6pVqzGMdYMZ2nHk7x6C
elvtVWLNJQ8qLtFeBvYu5hu8fbO8p2l3DDTl+XkL9DbBvTPLP2Jne4sCgYEAyDV1
IQVWyAAEfH0pnNKrgxMZsd7mGckA9GyBI6bfnlO0+fvzOo9HPJGylUOc12g3JJlv
N6Nf/45k7MWqtIndj0j0k+9cMNvQ9h10mqivLRJ8gMbWiIvXOxtvaoxn92Ldow8O
bS7gDVh6rtPv0XZMNOUTM7AlFeYkjrTAVw3mmGkCf15ROrTd9AaVpohU9o/X2wm9
IkopVktOEV2r/1pk+DhGDCQIZaL4qOtjY/M1OJ6IylYFCee1rJ9hHSnSAA3WpifW
GVYse3gKYM/wtIsytuYS/ooin7TK/9H3eaXhvEXpigl+A78c1/SGgSX2l8icl93j
5Wsr9TK/ZkiX+7V9fv8CgYAmHOcbTiTjFf3EpR8S15gG78/oaIJtTjJ8VVuQKehP
/6doH2qCL1xkT2gruh9VcmVs9jiR4uwXfkgAOvDwRX6EFGNa9ioasv3onFriRlJy
xh4ldbTJcbWbbvGa2ve/xHZk4Czi5BWK9NkGBxqUSWzgdOte351vucwjzoz/BYps
YQKBgQCd4wYuISs06hmeZafQoP/qxMK6azbHh5RmB4Wl2U0PSddBOXlujeWkRjSB
KKm74SytWPkOui3RnGs9ep6zpk2nR3XkEm2rlEP44iyxjN9vbYNCoyV2Yk4HxiXl
fIvI8gAbJTRzgMlKpNzJdYsno+q0FFcM+ObKYLKdl+oFdXSw3Q==
-----END RSA PRIVATE KEY-----
)";

inline constexpr std::string_view kRsaKeyEncrypted =
    R"(-----BEGIN RSA PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,A1DC136FA79E849A61ACBCC3888149DE

cnQ0tRpmuNuSs395NuDwcPo0mL2T+QXdUX9CExreWbZLHF5Wbgo2YwszXQwcWaaz
aYE51XqYrp62EVuKdsTe+tLNUDvkAKHVuX2imZ0/NdRQG0yU6h76Pi+L2aGosr4f
-----END RSA PRIVATE KEY-----
)";

inline constexpr std::string_view kRsaKeyOf1024Bits =
    R"(-----BEGIN PRIVATE KEY-----
MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAJoA1Lr8hUmuk1Ke
j81XEHDSFZjZiksF5x+QKjWu3tA1mkas9pisGE5NwXsVsNJYa8uFokNY0oQSwhgf
QiW9nMzlRBzxgpzQCy6gahaA2IiNZ7l0ZnMJF7hHOv2VwyTWN015R9Aa9S6hSkce
4q5UNUL0VqPod/0+lCqF8ACwmAWZAgMBAAECgYABd/qPYfMfdcO/6PU0Hx1wBgDg
uUphVsgSe/x7EJTdZXV4MRQU9qcwr/slYlqSVveINFkMzV8MlWU2d63Y0EsbgVZ2
rytojihOHDJiIDD04Sv5YOZSZ1KS021uvzTh29UgqYkagpH1M/eKbVacL0vE6f5p
Vfy/fLGCI16vfdvsAQJBAMsWf5d6vFUsD7dDSirPCaAAf+mj3XqLpGFUdtb07o8W
PWqAkxp2rPWEvJT3KRLQ0wC9OE+wjmEpXN6UFCtkTIECQQDCIH+Z4/Hcad2UKYiE
ScYlKzKhaSrL/x1RhPhaMiCvlS+8Io93FibFRZWlwe/KN7Rzq7eeeqTAVmRvucdu
6g0ZAkEAiW4PJ7Xhzo1DkVOS1AdIzyKnbLb8AJqQwWCEDxCugtuc8f5SDZ1zi62o
Y/IhtF7l+uERQzQKFYwFEYYJZBe6gQJAS0RSdRZeNjmNwd6AodoAy3R+QvsFruaR
NYQ6zq3U4n8TbPxxZ5jdG2upZAVXta33d0nC/d1Ld4+HjZIYczaoMQJBALv6GTge
7pI5/ixuQNyLQHCp0FF+1IDrDl55BZkBaKzpBFtD0c8x7oy3Ya91EAQ6DcLihSXU
gLMW04Wmenz8Yps=
-----END PRIVATE KEY-----
)";

inline constexpr std::string_view kEcKey =
    R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgkQxXriylcpZdiJ7z
8+yZAgvNj6OpAvf3bq5M+PKscIGhRANCAATNwHoc1nSOFCxqK+y37WyGRqmUIgk1
hzluplCQ6rJ1AyDQLj7BB7eT5vDdHJ7p26x6gVUjOUMJoyNRv1l/g6tb
-----END PRIVATE KEY-----
)";

// The same one, in the traditional form, after its parameters.
inline constexpr std::string_view kEcKeyTraditional =
    R"(-----BEGIN EC PARAMETERS-----
BggqhkjOPQMBBw==
-----END EC PARAMETERS-----
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIJEMV64spXKWXYie8/PsmQILzY+jqQL3926uTPjyrHCBoAoGCCqGSM49
AwEHoUQDQgAEzcB6HNZ0jhQsaivst+1shkaplCIJNYc5bqZQkOqydQMg0C4+wQe3
k+bw3Rye6duseoFVIzlDCaMjUb9Zf4OrWw==
-----END EC PRIVATE KEY-----
)";

inline constexpr std::string_view kEcKeyEncrypted =
    R"(-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiot/h5EYSg5gICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEG9NbjeJOmiTHg1le/jCXEoEgZAz
lUdwCLcj/f6Q7mzzjeDA+qlH0WrCh56kJtlPDBrzjJaGDdX9EnWfhnQQzHqCw/Pw
vGMFFF7sz5+ll5fM6LUlhNv0+PfdboaJ6Gr4Yc9bzJXj7IyCM3ti1bbmZIqaziUE
nRxwFyrEFNH5V5xnmP8n6es7UI3gZzT/5QW/LoSZWvsatmXMXK5rvBFQb9pJqIs=
-----END ENCRYPTED PRIVATE KEY-----
)";

inline constexpr std::string_view kP384Key =
    R"(-----BEGIN PRIVATE KEY-----
MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDBzujyRnYIRXiO9LH4/
UwEwqjz83xBI0SVA982ktleKpv6NV/Tv3XSWbf9IEw2YqH+hZANiAAQiuYLuCxzl
cK8LtV/kJ4qTzm2L3f3eV/S8nGkGTNjGVlXtJtdyjynSAlii1mnnfz5C7tnFhSmw
tlnp8KGo+1bWF+/R5+YKgRuQkKqW7hqH7sic68Etu105tiZhPKsvbOY=
-----END PRIVATE KEY-----
)";

inline constexpr std::string_view kSecp256k1Key =
    R"(-----BEGIN EC PRIVATE KEY-----
MHQCAQEEIB+/YM/mh3CdTl+m8ZB9rH+Zs8npszrWfoNKkrQ4ingnoAcGBSuBBAAK
oUQDQgAEkKmnN8lMODrGHpN49ae9R34JB/hSx5+eIyEIb5zU0umCpOzJzdBNDbC+
gXtFei+iHHHkHwFDwMDXV3CiQKIqdg==
-----END EC PRIVATE KEY-----
)";

}  // namespace keyswap::bindings::test
