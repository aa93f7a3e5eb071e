/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys for tests of signed tokens. Made for this file, used nowhere else. */
#ifndef UNIT_OIDC_KEYS_H
#define UNIT_OIDC_KEYS_H

static const char key_rsa_pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQC+PBkYVCGyqZ0l\n"
    "+mVTjcjVYg4Mh0ZyjuzkMcdbcV9p1st6xEav+V4WYTuvBwbu+mHlg/a1vaRyyMiT\n"
    "liRdZGiW/6uHp96T4FVhrohqgaY0Ool+eCJL19es4IkxCl6uuD6eb/n7+FwIHrx3\n"
    "TysZNut648IR1xNckPiGNZlu7UmZWaynV2PsKI8kmJL+6tLTcJc5DlDE8YveUTul\n"
    "aFTNr9P5DgUGGjtVgtp4RqQC7T1jl7nUT+WcVAbwVtE3x5gSobfyoLBB5jcPFcd/\n"
    "3Uyo2k5gs83bY0m5x2JK576QUE2OzWpLaTDapl6HveVn47Zr3dlyCLM4EeQlJEv1\n"
    "ggkYaivRAgMBAAECggEABb3WnA9d/QB1h8Ho8P6kgxw0hFhI3ghGShTeiXoAgTdE\n"
    "aO4nnAQQvOguXvf9U5UnA0BaX93basN4mku7yT3Qkk4hJTUB2MC6kvorj9td4tGp\n"
    "eLGzh0p6bfNQ8LP5a5iP+0Qx7VLvpCcZVRiEmnw32zuojdVJ9k9B0PspKFntEL3A\n"
    "0AsQl639xeZU5l2z1iuswN40noehEHM5eedrHRwwEoeHrvIhss5Tj6/+fVoD7kYU\n"
    "gHPPMtfkFDfl0SGxO67wAT/au2BW4jzQ5QfcqJddKm5w1dwEEegZzYVedlHS6mTO\n"
    "NtBbIimPvfhkv7eE/Odl6f7OsC/lqgQKyQvdxBfFKQKBgQDdRV17youkO14mbIzZ\n"
    "oXwonW40tLxKDhrSUi4dn4iwWj4zKHX++ZUJHYZawJNaupiNfkq8EYUUv9nUFFb0\n"
    "CZNrsvQBqNsfzgNTqZ4GbCOy3MIR2IHeUcC/naEjQdisTCMUBnHpawJh+MjUMbrf\n"
    "vIG8gojHEK1y2lRA16dCggLTjwKBgQDcF7PviqEhSHhxqIzMblRYRtu1+3fVWJZ0\n"
    "DPbIlYX7qkCmUV7IA+rsRdePO45D8waUUt+ssX6Vggc1bxZBfs8t8HxHrRhCJe6V\n"
    "xAepk2ybzP16OaVgSTN0Ih+F3MvaskPBOPw0NtzyAZvuQLzO3WJ6dTr7Cc7ZGe21\n"
    "CdbJsu/anwKBgF9AYQHNK1fDhsAbsnZtIbmKK8rcksF+WOV5Iwj1iC4CawwyurjM\n"
    "T+/gmdmvVL+V293tI9bZ4+QOwoKdTuE2zhNqsceVHN8QHDaDqdcx7hwtFA4CmcVO\n"
    "hB74iElZKyDglaklLRxCSIBMTIer8Lont+Gif6bR8xiiC+rt6r6ioPzZAoGAKgyZ\n"
    "QxXATSSUZlqmc9RMZwU6qt0devRO4mMrrwzqKTfQ3DXFnv8onfWGBoaBWrgOtL3U\n"
    "oCDVJ2lNSUctAFxi5ssAY41Nii3HFHP8ZsiUwnt6niRvVSMHIpP2Y9PYWrMeQMdL\n"
    "YApvUgk+qllR+U/QpcbJ+vZXv6C1ipYTpDt8mc8CgYB2mztPCa6aRkucKAetKTA6\n"
    "omb7PeDEFRYHNQrfVSqZXVIKfdt0iOAmHJAOExh2AZjNqeDIJDK/B6KI6vRvqSBH\n"
    "NV9MSV2Ywilqab+RDL0HN6XkDdXWGRZDQw03AT2pbNjc8W+MrE3OZHq1rpaStQ7a\n"
    "NIuSCuV4Tx4k4i78L5hhLg==\n"
    "-----END PRIVATE KEY-----\n";

/* Nobody's: an attacker's. */
static const char key_other_rsa_pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDez3dZh5W3j82l\n"
    "ZgicUjApDIZVcohVjZ3Qhca3OXdZZUldgW+PkzRt6sH0LvQU3XlUrrMaRCkxBuNs\n"
    "4QiNOrvWNB19EajcNKUUBt/mlucHAsbbV8LDDJnzg+STqO1XUHAXOTuV/enFdfal\n"
    "pJ2uvDzE8TyhR8SBkTiM7LPrs2/GDXZDcP+RCQ+aiMXS0KN5SUowB/lGkECO2ZSg\n"
    "ABsMvOI7QVorIWzV4Qx/RRYOEEMG+8Jxxx6BPxuTTWNtIAt00Q+NdxLiFijREgnW\n"
    "9bwjjIgiaS055/HtivOEGC4AGSmFiBARuvzc7Kw+lAzi7DMYCqZfX5mWufda6tt5\n"
    "kgbLfir5AgMBAAECggEAP2IulhoDhc4TVteBYJLi33KQLnOgBBJ+0AiWYJ4o7RXq\n"
    "un5tUZ8zPYeYeFH5HoxojSYLjk/QlgFbJiiYKbEJKWT29JLXAhm50kooXK0V+MEZ\n"
    "9+Dt51XI3+Tn2/ek2P9pe7nM0R0D6SfnK/T55HDpKq9jq4/Cf4dj2nclscoAZIr8\n"
    "9CdRj6kDBc94B1Z0nHjNYBFOg+COqb16cl3+lGY0TzKxPrJlFmIo3JYu8hWQYLpl\n"
    "pDP6AaGl9aIife+XQzfNwGGoKNbuy45mBUTKxXn+3NAQZe5r6xd+y2An7N8oIZtw\n"
    "h2lP2irXfNvBPgCn+DhgwxFFhsWqXQiBOX9NHxranwKBgQDwn9dZ9BOY5pbjmHv8\n"
    "QhRnTv/mBT567kBoV9IKXutSP3/8rYQd6ga5Zg2usWnYXZFqfZyV8mxYt5xEDBTs\n"
    "Xtr32xGqhweD7I1fx5OoLqOrqQraiDUeg1KEleJ/ijqnH8NVu3/AznvjdJE6JG81\n"
    "2JVxTzXfNd/pjB8NOIaRoRt0ewKBgQDtDDjoIoP+CpNvWq6RDeWm1zDH1VQSSQZc\n"
    "pxW2n5+Vm5TCf/XrZI/A1fy6ttnckOTzz1EGvY5En0lW6FgMaC087UN6Gn3Bk9nT\n"
    "LuDkoMKn8M+4ZTCnqOz89JTq95aAkxLyTsqLeotthygffCWP8PxDEeEDM6qMbbJk\n"
    "bv8MvzoGGwKBgBK4rP2vstKjpjvBAmyHC6VaDSjtYYYZAWPc6VerOO3mSOP08CGP\n"
    "ssQ7/3aHETAnX4gEi+lSukFQz9Svh/U4EBtWrRIyfVAzWHCKS5+7OTrC5ThJfrCI\n"
    "ESSFsOCxdYzJON5zvyXWKudwi1gVu51Z4460VgGu5GP8ZfIWYsnz2fn/AoGBAMZs\n"
    "47nVIp3lpnKg+t1rP6CAI1IzjZNc01l9d5yOU5x9RnHlgSpQ3FB0D4EQDKAoHa7F\n"
    "DLNSuyNQHqkEBqgkEDIe/cvZHwmKRN0VMaXPuAGyf36AHdFKg05fQcTKCY6JDmQM\n"
    "dll48/t0Fq78UckC1XcjITJ37jxsmtadXxwBeoWfAoGBAMR6JJewCD8GHgK8DBgE\n"
    "moYpHL+P5r/P5jwUkwzJN+SyK0VhH9vB3/Ppx4g/CcKCT3IlwqzWGv/GxwDmxRxN\n"
    "vnukvtctvqO7Q7C7bAHOe2h4pwplZwWgVBw19oPpLB3al+vg2nWWp3BYbW0dUyxX\n"
    "iC0+xCiPzFUGr9TfAdTbEnM8\n"
    "-----END PRIVATE KEY-----\n";

static const char key_ec_pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgss+ixP7Y5np0yHzI\n"
    "eJwf6bcZWDJcV29h2cg9oFEqJbChRANCAASv86zVzA/DoF98EjLCYa/yWdeW3o5r\n"
    "FQVEuIcbhYpZE2c0nPn+SsTCVilgMaVWSFYMQdSDMZ72UNRLgDro8VDB\n"
    "-----END PRIVATE KEY-----\n";

#endif
