import { SignIn } from "./signin";

export function SignInPage() {
  return <SignIn mode="in" />;
}

export function SignUpPage() {
  return <SignIn mode="up" />;
}
