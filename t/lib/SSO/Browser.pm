# SPDX-License-Identifier: Apache-2.0
# A browser over a plain socket: what it sends is exactly what the test says, what it keeps is what RFC 6265(bis) lets a
# browser keep. Requests look like Chromium's navigations unless told otherwise; redirects are followed when asked.
package SSO::Browser;
use strict;
use warnings;

use Carp qw(croak);
use IO::Select;
use IO::Socket::IP;
use Time::HiRes qw(time);

use SSO::Browser::Jar;
use SSO::Browser::Response;

our $agent = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';

# new(timeout => 20, headers => {name => value}, ca => file, verify => 1, keepalive => 0, loopback_secure => 0,
#     resolve => {host => ip or ip:port}). Hosts that are not in `resolve` are its '*', or else the loopback.
sub new {
    my ($class, %args) = @_;
    my $jar = SSO::Browser::Jar->new(loopback_secure => $args{loopback_secure});
    return bless {timeout => 20, verify => 1, headers => {}, resolve => {}, %args, jar => $jar, open => {}}, $class;
}

sub jar { $_[0]{jar} }
sub cookie { my ($self, $name, $url) = @_; return $self->{jar}->value($name, $url) }
sub last { $_[0]{last} }

# --- addresses ------------------------------------------------------------------------------------------------------

sub split_url {
    my ($url) = @_;
    my ($scheme, $host, $port, $path) = $url =~ m{^(https?)://(\[[^\]]+\]|[^/:?\#]+)(?::(\d+))?([^\#]*)}i
        or croak "not an http URL: $url";
    $path = "/$path" if $path !~ m{^/};
    $port ||= lc $scheme eq 'https' ? 443 : 80;
    return {scheme => lc $scheme, host => lc $host, port => $port, target => $path, path => $path =~ s/\?.*//sr};
}

sub origin_of {
    my ($url) = @_;
    my $u = split_url($url);
    my $default = $u->{scheme} eq 'https' ? 443 : 80;
    return "$u->{scheme}://$u->{host}" . ($u->{port} == $default ? '' : ":$u->{port}");
}

# A reference against its base, as far as tests need it.
sub absolute {
    my ($base, $ref) = @_;
    return $ref if $ref =~ m{^[a-z][a-z0-9+.-]*:}i;
    return split_url($base)->{scheme} . ":$ref" if $ref =~ m{^//};
    return origin_of($base) . $ref if $ref =~ m{^/};
    my $u = split_url($base);
    return origin_of($base) . ($ref =~ /^\?/ ? $u->{path} : $u->{path} =~ s{[^/]*$}{}r) . $ref if $ref ne '';
    return $base;
}

# Two URLs of one site: same scheme and same host, names by their last two labels (no public suffix list here).
sub same_site {
    my ($one, $two) = map { split_url($_) } @_;
    my ($a, $b) = map { /^[\d.]+$|^\[/ ? $_ : /([^.]+\.[^.]+)$/ ? $1 : $_ } $one->{host}, $two->{host};
    return $one->{scheme} eq $two->{scheme} && $a eq $b;
}

# --- requests -------------------------------------------------------------------------------------------------------

# request(METHOD, URL, headers => {…; undef removes}, body => bytes, form => {…}|[…], json => text,
#         from => URL of the page that caused it (undef: typed), fetch => 1 (not a navigation: fetch() of a script),
#         plain => 1 (no Sec-Fetch, as a program), cookies => 0 (send none), keep => 0 (take none))
sub request {
    my ($self, $method, $url, %opt) = @_;
    my $u = split_url($url);
    my %headers = ($self->_default_headers($method, $url, %opt));
    my $body = $opt{body};
    if (defined $opt{form}) {
        $body = form_encode($opt{form});
        $headers{'Content-Type'} = 'application/x-www-form-urlencoded';
    }
    $headers{'Content-Length'} = length $body if defined $body;
    if (($opt{cookies} // 1) && defined(my $line = $self->{jar}->header($url, $self->_context($method, $url, %opt)))) {
        $headers{Cookie} = $line;
    }
    for my $more ($self->{headers}, $opt{headers} // {}) {
        for my $name (keys %$more) {
            delete $headers{$_} for grep { lc $_ eq lc $name } keys %headers;
            $headers{$name} = $more->{$name} if defined $more->{$name};
        }
    }
    my @order = ('Host', sort grep { $_ ne 'Host' } keys %headers);
    my $text = "$method $u->{target} HTTP/1.1\r\n";
    for my $name (grep { defined $headers{$_} } @order) {
        $text .= "$name: $_\r\n" for map { _bytes($_) } ref $headers{$name} ? @{$headers{$name}} : $headers{$name};
    }
    my $response = $self->_exchange($url, _bytes($text) . "\r\n" . _bytes($body // ''), $method);
    $response->{request} = {method => $method, url => $url, headers => \%headers, from => $opt{from}};
    $self->{jar}->take($url, $_, $self->_context($method, $url, %opt))
        for ($opt{keep} // 1) ? $response->headers('set-cookie') : ();
    return $self->{last} = $response;
}

sub get { my ($self, $url, %opt) = @_; return $self->request('GET', $url, %opt) }
sub head { my ($self, $url, %opt) = @_; return $self->request('HEAD', $url, %opt) }
sub post { my ($self, $url, %opt) = @_; return $self->request('POST', $url, %opt) }
sub fetch { my ($self, $url, %opt) = @_; return $self->request($opt{method} // 'GET', $url, %opt, fetch => 1) }

sub _default_headers {
    my ($self, $method, $url, %opt) = @_;
    my $u = split_url($url);
    my $host = origin_of($url) =~ s{^https?://}{}r;
    my %headers = (Host => $host, 'User-Agent' => $agent, Accept => '*/*',
        Connection => $self->{keepalive} ? 'keep-alive' : 'close');
    return (%headers, Accept => undef, 'User-Agent' => 'program/1.0') if $opt{plain};
    $headers{'Accept-Language'} = 'en-US,en;q=0.9';
    my $trustworthy = $u->{scheme} eq 'https' || $u->{host} =~ /^(?:127\.|localhost$|\[::1\])|\.localhost$/;
    my $site = $opt{site} // (!defined $opt{from} ? 'none'
        : origin_of($opt{from}) eq origin_of($url) ? 'same-origin'
        : same_site($opt{from}, $url) ? 'same-site' : 'cross-site');
    my %sec = $opt{fetch}
        ? ('Sec-Fetch-Dest' => 'empty', 'Sec-Fetch-Mode' => 'cors',
            'Sec-Fetch-Site' => $opt{from} || $opt{site} ? $site : 'same-origin')
        : ('Sec-Fetch-Dest' => 'document', 'Sec-Fetch-Mode' => 'navigate', 'Sec-Fetch-Site' => $site,
            'Sec-Fetch-User' => '?1');
    @headers{keys %sec} = values %sec if $trustworthy;
    if (!$opt{fetch}) {
        $headers{Accept} = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';
        $headers{'Upgrade-Insecure-Requests'} = '1';
    }
    $headers{Origin} = origin_of($opt{from} // $url) if $method !~ /^(?:GET|HEAD)$/ && ($opt{from} || $opt{fetch});
    return %headers;
}

# What decides about SameSite: who asked, whether it is a top-level navigation with a safe method.
sub _context {
    my ($self, $method, $url, %opt) = @_;
    my $same = ($opt{site} // '') eq 'cross-site' ? 0 : !defined $opt{from} || same_site($opt{from}, $url);
    return (same_site => $same, top => !$opt{fetch}, safe => $method =~ /^(?:GET|HEAD|OPTIONS|TRACE)$/ ? 1 : 0);
}

# One hop: the redirect of a response. 303, and 301/302 after POST, become GET (as browsers do).
sub follow {
    my ($self, $response) = @_;
    my $to = $response->location // croak 'no redirect to follow: ' . $response->summary;
    my $request = $response->{request};
    my $method = $response->status =~ /^30[123]$/ && $request->{method} ne 'HEAD' ? 'GET' : $request->{method};
    return $self->request($method, $to, from => $request->{from});
}

# Follows redirects, and the self-submitting form of a form_post answer, to the end.
sub settle {
    my ($self, $response, %opt) = @_;
    my $left = $opt{max} // 20;
    my @hops = ($response);
    while (1) {
        if ($response->is_redirect) { $response = $self->follow($response) }
        elsif ($response->is_self_submitting) { $response = $self->submit($response) }
        else { last }
        push @hops, $response;
        croak 'too many redirects: ' . join ' > ', map { $_->summary } @hops if $left-- <= 0;
    }
    $response->{hops} = \@hops;
    return $response;
}

sub go { my ($self, $url, %opt) = @_; return $self->settle($self->get($url, %opt), %opt) }

# Fills and sends a form of the page: submit($response, {field => value}, form => index, button => name of the button).
sub submit {
    my ($self, $response, $values, %opt) = @_;
    my ($form) = ($response->forms)[$opt{form} // 0] or croak 'no such form on ' . $response->summary;
    my $fields = $form->fields($values // {}, $opt{button});
    my $action = absolute($response->url, $form->{action} // '');
    my $page = $response->url;
    return $self->request('POST', $action, form => $fields, from => $page) if $form->{method} eq 'post';
    return $self->request('GET', $action . ($action =~ /\?/ ? '&' : '?') . form_encode($fields), from => $page);
}

sub form_encode {
    my ($fields) = @_;
    my @list = ref $fields eq 'HASH' ? map { ($_, $fields->{$_}) } sort keys %$fields : @$fields;
    my @pairs;
    while (my ($name, $value) = splice @list, 0, 2) { push @pairs, escape($name) . '=' . escape($value // '') }
    return join '&', @pairs;
}

# Perl's characters as UTF-8; bytes stay what they are.
sub _bytes {
    my ($text) = @_;
    utf8::encode($text) if utf8::is_utf8($text);
    return $text;
}

sub escape {
    my $text = _bytes(@_);
    return $text =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/ger;
}

# The query of a URL as a hash (last one wins) and as a list of pairs.
sub query_of {
    my ($url) = @_;
    my ($query) = $url =~ /\?([^#]*)/ or return wantarray ? () : {};
    my @list = map { my ($n, $v) = split /=/, $_, 2; (unescape($n), unescape($v // '')) } split /&/, $query;
    return wantarray ? @list : {@list};
}

sub unescape { my ($text) = @_; return $text =~ tr/+/ /r =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ger }

# --- the wire -------------------------------------------------------------------------------------------------------

# Sends exactly these bytes to the server of a URL; returns everything that came until it closed or went quiet.
sub raw {
    my ($self, $url, $bytes, %opt) = @_;
    my $socket = $self->_connect($url);
    _write($socket, $bytes);
    $socket->shutdown(1) if $opt{shutdown};
    my ($out, $until) = ('', time + ($opt{timeout} // 5));
    while (time < $until && _readable($socket, $until)) { sysread($socket, $out, 65536, length $out) or last }
    return $out;
}

sub _connect {
    my ($self, $url) = @_;
    my $u = split_url($url);
    my $host = $u->{host} =~ s/^\[|\]$//gr;
    my $ip = $self->{resolve}{$host} // $self->{resolve}{'*'} // ($host =~ /^[\d.]+$|:/ ? $host : '127.0.0.1');
    my $port = $ip =~ s/^([\d.]+):(\d+)$/$1/ ? $2 : $u->{port};
    my %to = (PeerHost => $ip, PeerPort => $port, Timeout => $self->{timeout});
    return IO::Socket::IP->new(%to) // croak "connect to $ip:$port: $@" if $u->{scheme} eq 'http';
    require IO::Socket::SSL;
    my %tls = (SSL_hostname => $host, SSL_verifycn_name => $host, SSL_verify_mode => $self->{verify} ? 1 : 0,
        $self->{ca} ? (SSL_ca_file => $self->{ca}) : (), $self->{alpn} ? (SSL_alpn_protocols => $self->{alpn}) : ());
    return IO::Socket::SSL->new(%to, %tls) // croak "TLS to $host:$u->{port}: " . IO::Socket::SSL::errstr();
}

sub _readable {
    my ($socket, $until) = @_;
    return 1 if $socket->can('pending') && $socket->pending;
    my $left = $until - time;
    return $left > 0 && IO::Select->new($socket)->can_read($left) ? 1 : 0;
}

sub _write {
    my ($socket, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE'; # a server may answer and close before a large body is through
    my $at = 0;
    while ($at < length $bytes) {
        my $n = syswrite $socket, $bytes, length($bytes) - $at, $at;
        last if !$n;
        $at += $n;
    }
    return;
}

sub _exchange {
    my ($self, $url, $bytes, $method) = @_;
    my $key = origin_of($url);
    my $kept = $self->{keepalive} && delete $self->{open}{$key};
    my $socket = $kept || $self->_connect($url);
    my $once = sub {
        _write($socket, $bytes);
        return SSO::Browser::Response->read(
            sub { _readable($socket, $_[0]) or return; sysread($socket, my $chunk, 65536); return $chunk },
            time + $self->{timeout}, $method);
    };
    my $response = $once->();
    if (!$response && $kept) { # the server had closed it meanwhile
        $socket = $self->_connect($url);
        $response = $once->();
    }
    croak "no answer from $key" if !$response;
    $response->{url} = $url;
    $self->{open}{$key} = $socket if $self->{keepalive} && $response->{reusable};
    return $response;
}

1;
