import { mount } from 'svelte';
import { theme } from '$lib/theme';
import { timePreference } from '$lib/time';
import App from './App.svelte';
import './app.css';

theme.start();
timePreference.start();

const target = document.getElementById('app');
if (target) mount(App, { target });
